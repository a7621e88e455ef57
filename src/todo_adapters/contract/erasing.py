"""Erasing: nothing is left of a task but its deletion, and nothing else changes."""

import asyncio

from todo_adapters.contract.quotas import OPEN, add
from todo_adapters.contract.scenario import ALL, NOON, WRITERS, YEARS_AGO, add_titles, new_user, read_everything
from todo_adapters.contract.suite import Contract, MakeRepository
from todo_adapters.contract.trash import apply, cause_of, ids_in_trash, remove, trash_of
from todo_domain import BatchFailed, Erase, Quotas, Remove, Restore, TaskNotFound, TaskQuery, TaskStore, TrashPage


class ErasesContent(Contract):
    """An erased task can't be restored. Its deletion and its revision stay, until the deletion is forgotten."""

    async def test_a_permanent_removal_keeps_nothing_in_the_trash(self, repository: TaskStore) -> None:
        user = new_user()
        await add_titles(repository, user, "abc")

        await repository.remove(user, 1, at=NOON, permanent=True)
        await repository.remove(user, 2, at=NOON, permanent=True, guard=lambda _: None)
        await apply(repository, user, Remove(3, permanent=True))

        feed = await repository.changes(user, None, ALL)
        assert await trash_of(repository, user) == TrashPage((), (), None, 6, 0)
        assert [(change.id, change.revision) for change in feed.changes] == [(1, 4), (2, 5), (3, 6)]

    async def test_erasing_changes_no_revision_and_no_feed(self, repository: TaskStore) -> None:
        user = new_user()
        await add_titles(repository, user, "abcd")
        await remove(repository, user, 1, 2, 3)
        before = await read_everything(repository, user)

        await apply(repository, user, Erase(2))
        erased = await repository.erase_oldest(user, up_to=5, limit=ALL)

        assert erased == 1
        assert await ids_in_trash(repository, user) == [3]
        assert await read_everything(repository, user) == before

    async def test_the_oldest_are_erased_first_and_at_most_limit(self, repository: TaskStore) -> None:
        user = new_user()
        await add_titles(repository, user, "abcde")
        await remove(repository, user, 4, 2, 5, 1, 3)

        erased = [await repository.erase_oldest(user, up_to=9, limit=limit) for limit in (1, 2, 5, 5)]

        assert erased == [1, 2, 1, 0]
        assert await ids_in_trash(repository, user) == [3]
        assert await repository.erase_oldest(new_user(), up_to=9, limit=1) == 0

    async def test_only_the_last_tasks_are_kept_in_the_trash(self, make_repository: MakeRepository) -> None:
        user = new_user()
        async with make_repository(Quotas(max_trash=3)) as repository:
            await add(repository, user, *[OPEN] * 8)
            await remove(repository, user, 2, 5, 1)
            await apply(repository, user, Restore(5), Remove(5), Remove(8))

            first = await ids_in_trash(repository, user)
            await repository.remove(user, 3, at=NOON, guard=lambda _: None)

            assert (first, await ids_in_trash(repository, user)) == ([8, 5, 1], [3, 8, 5])
            assert (await trash_of(repository, user)).count == 3
            assert len((await repository.changes(user, None, ALL)).changes) == 8

    async def test_a_forgotten_deletion_is_no_longer_in_the_trash(self, make_repository: MakeRepository) -> None:
        user = new_user()
        async with make_repository(Quotas(max_deletions=2)) as repository:
            await add(repository, user, *[OPEN] * 4)
            await remove(repository, user, 1, 2, 3)

            page = await trash_of(repository, user)

            assert [trashed.id for trashed in page.tasks] == [3, 2]
            assert page.count == 2
            assert isinstance(await cause_of(repository, user, Restore(1)), TaskNotFound)

    async def test_a_purge_erases_content_first_and_forgets_the_deletion_later(self, repository: TaskStore) -> None:
        user, times = new_user(), [YEARS_AGO.replace(hour=hour) for hour in (9, 10, 11, 12)]
        await repository.purge(trash_before=NOON, deletions_before=YEARS_AGO, keys_before=YEARS_AGO, limit=10**6)
        await add_titles(repository, user, "abcd")
        for task_id, at in enumerate(times, start=1):
            await repository.remove(user, task_id, at=at)
        before = await read_everything(repository, user)

        async def purge(limit: int = ALL, *, dry_run: bool = False) -> int:
            return await repository.purge(
                trash_before=times[3], deletions_before=times[1], keys_before=times[0], limit=limit, dry_run=dry_run
            )

        counted = [await purge(dry_run=True), await purge(2, dry_run=True)]
        untouched = await read_everything(repository, user), await ids_in_trash(repository, user)
        purged = [await purge(2), await purge(), await purge()]

        changes = (await repository.changes(user, None, ALL)).changes
        page = await trash_of(repository, user)
        assert (counted, purged) == ([3, 2], [2, 1, 0])
        assert untouched == (before, [4, 3, 2, 1])
        assert [change.id for change in changes] == [2, 3, 4]
        assert ([trashed.id for trashed in page.tasks], page.count) == ([4], 1)

    async def test_a_task_that_is_restored_and_erased_at_once_is_either_in_the_list_or_erased(
        self, repository: TaskStore
    ) -> None:
        user = new_user()
        await add_titles(repository, user, (f"{n}" for n in range(WRITERS)))
        await apply(repository, user, *(Remove(n) for n in range(1, WRITERS + 1)))

        async def write(number: int) -> None:
            backwards = [WRITERS - number, number + 1]
            if number % 2:
                await apply(repository, user, *(Restore(task_id) for task_id in backwards))
            else:
                await repository.erase_oldest(user, up_to=2 * WRITERS, limit=1 + number // 4)

        results = await asyncio.gather(*(write(number) for number in range(WRITERS // 2)), return_exceptions=True)

        page = await trash_of(repository, user)
        listed = {task.id for task in (await repository.list(user, TaskQuery())).tasks}
        trashed = {each.id for each in page.tasks}
        assert {type(result) for result in results} <= {type(None), BatchFailed}
        assert not listed & trashed
        assert page.count == len(trashed)
        for task_id in range(1, WRITERS + 1):
            if task_id not in listed | trashed:
                assert isinstance(await cause_of(repository, user, Restore(task_id)), TaskNotFound)
        assert await repository.revisions([user]) == {user: 2 * WRITERS + len(listed)}
