"""Concurrent writers have the same effect as writers one after the other."""

import asyncio

from todo_adapters.contract.scenario import ALL, NOON, WRITERS, add_titles, new_user
from todo_adapters.contract.suite import Contract
from todo_domain import (
    Batch,
    Create,
    Edit,
    Patch,
    Remove,
    Task,
    TaskDraft,
    TaskNotFound,
    TaskPatch,
    TaskQuery,
    TaskStore,
)


def _tagging(tag: str) -> Edit:
    """Return an edit whose effect another writer could overwrite."""
    return lambda task: task.patched(TaskPatch(tags=(*task.tags, tag)), NOON)


class HandlesConcurrentWriters(Contract):
    """Twenty concurrent writers lose no update and leave no gap."""

    async def test_ids_and_revisions_of_concurrent_adds_have_no_gaps(self, repository: TaskStore) -> None:
        user = new_user()

        added = await asyncio.gather(
            *(repository.add(user, TaskDraft(title=f"{n}"), at=NOON) for n in range(1, WRITERS + 1))
        )

        page = await repository.list(user, TaskQuery())
        assert {(task.id, task.revision) for task in page.tasks} == {(n, n) for n in range(1, WRITERS + 1)}
        assert sorted((one.task for one in added), key=lambda task: task.id) == list(page.tasks)
        assert page.revision == WRITERS

    async def test_concurrent_changes_of_one_task_lose_no_update(self, repository: TaskStore) -> None:
        user = new_user()
        await add_titles(repository, user, "a")

        results = await asyncio.gather(*(repository.change(user, 1, _tagging(f"{n}")) for n in range(WRITERS)))

        task = await repository.get(user, 1)
        assert set(task.tags) == {f"{n}" for n in range(WRITERS)}
        assert sorted(result.revision for result in results) == list(range(2, WRITERS + 2))
        assert task == max(results, key=lambda result: result.revision)

    async def test_concurrent_changes_of_different_tasks_leave_no_gap_in_revisions(self, repository: TaskStore) -> None:
        user = new_user()
        await add_titles(repository, user, (f"{n}" for n in range(WRITERS)))

        results = await asyncio.gather(*(repository.change(user, n, _tagging("a")) for n in range(1, WRITERS + 1)))

        assert {result.revision for result in results} == set(range(WRITERS + 1, 2 * WRITERS + 1))
        assert await repository.revisions([user]) == {user: 2 * WRITERS}

    async def test_exactly_one_of_several_concurrent_removals_succeeds(self, repository: TaskStore) -> None:
        user = new_user()
        await add_titles(repository, user, "a")

        removals = (repository.remove(user, 1, at=NOON) for _ in range(WRITERS))
        results = await asyncio.gather(*removals, return_exceptions=True)

        assert results.count(None) == 1
        assert sum(isinstance(result, TaskNotFound) for result in results) == WRITERS - 1
        assert await repository.revisions([user]) == {user: 2}

    async def test_concurrent_batches_and_changes_lose_no_update(self, repository: TaskStore) -> None:
        """The batches name their tasks in opposite orders, which must not cause a deadlock."""
        user = new_user()
        await add_titles(repository, user, "ab")

        def batch(number: int) -> Batch:
            first, second = (1, 2) if number % 2 else (2, 1)
            patch = TaskPatch(description=f"{number}")
            return Batch((Patch(first, patch), Create(TaskDraft(title=f"{number}")), Patch(second, patch)))

        async def write(number: int) -> None:
            change = repository.change(user, 1 + number % 2, _tagging(f"{number}"))
            await asyncio.gather(repository.apply(user, batch(number), at=NOON), change)

        await asyncio.gather(*(write(number) for number in range(WRITERS // 2)))

        first, second = [await repository.get(user, task_id) for task_id in (1, 2)]
        assert set(first.tags) | set(second.tags) == {f"{n}" for n in range(WRITERS // 2)}
        assert first.description == second.description
        assert await repository.revisions([user]) == {user: 2 + 4 * WRITERS // 2}

    async def test_the_operations_of_concurrent_batches_do_not_mix(self, repository: TaskStore) -> None:
        user = new_user()
        pair = Batch((Create(TaskDraft(title="a")), Create(TaskDraft(title="b"))))

        results = await asyncio.gather(*(repository.apply(user, pair, at=NOON) for _ in range(WRITERS)))

        firsts = sorted(result.outcomes[0].revision for result in results)
        assert firsts == list(range(1, 2 * WRITERS, 2))
        assert all(first.revision + 1 == second.revision for first, second in (result.outcomes for result in results))

    async def test_a_read_shows_the_list_at_one_moment(self, repository: TaskStore) -> None:
        """While tasks are only added, the revision is the number of tasks."""
        user = new_user()
        adding = asyncio.gather(
            *(repository.apply(user, Batch((Create(TaskDraft(title="a")),) * 3), at=NOON) for _ in range(WRITERS))
        )

        while not adding.done():
            page = await repository.list(user, TaskQuery(limit=ALL))
            feed = await repository.changes(user, None, ALL)
            assert len(page.tasks) == page.revision
            assert len(feed.changes) == feed.next.revision
            await asyncio.sleep(0)

        await adding

    async def test_concurrent_writes_of_different_users_do_not_mix(self, repository: TaskStore) -> None:
        users = [new_user() for _ in range(WRITERS)]

        async def write(number: int) -> Task:
            user = users[number]
            await add_titles(repository, user, [f"{number}", "gone"])
            task = await repository.change(user, 1, _tagging(f"{number}"))
            await repository.apply(user, Batch((Remove(2),)), at=NOON)
            return task

        written = await asyncio.gather(*(write(number) for number in range(WRITERS)))

        assert [(task.user_id, task.title, task.tags) for task in written] == [
            (users[n], f"{n}", (f"{n}",)) for n in range(WRITERS)
        ]
        assert await repository.revisions(users) == dict.fromkeys(users, 4)
        assert [await repository.get(task.user_id, 1) for task in written] == [task._replace() for task in written]

    async def test_a_cancelled_write_is_done_completely_or_not_at_all(self, repository: TaskStore) -> None:
        """Each batch adds two tasks. Its caller is cancelled after a different number of steps."""
        user = new_user()
        pair = Batch((Create(TaskDraft(title="a")), Create(TaskDraft(title="b"))))

        async def cancel_after(steps: int) -> None:
            writing = asyncio.create_task(repository.apply(user, pair, at=NOON))
            for _ in range(steps):
                await asyncio.sleep(0)
            writing.cancel()
            await asyncio.wait([writing])

        await asyncio.gather(*(cancel_after(steps) for steps in range(WRITERS)))
        last = await repository.apply(user, pair, at=NOON)

        page = await repository.list(user, TaskQuery())
        assert [task.revision for task in page.tasks] == list(range(1, page.revision + 1))
        assert [task.title for task in page.tasks] == ["a", "b"] * (page.revision // 2)
        assert last.outcomes[-1].revision <= page.revision
