"""The trash: a removed task keeps its content, can be restored, and is erased in the end."""

import asyncio
from collections.abc import Sequence

import pytest

from todo_adapters.contract.field_values import EVERY_FIELD
from todo_adapters.contract.quotas import DONE, OPEN, add
from todo_adapters.contract.scenario import (
    ALL,
    NOON,
    WRITERS,
    add_titles,
    new_user,
    noon_plus,
    read_everything,
    set_title,
)
from todo_adapters.contract.suite import Contract, MakeRepository
from todo_domain import (
    Batch,
    BatchFailed,
    Create,
    Erase,
    Operation,
    Outcome,
    Patch,
    PreconditionFailed,
    QuotaExceeded,
    Quotas,
    Remove,
    Restore,
    Task,
    TaskNotFound,
    TaskPatch,
    TaskQuery,
    TaskRepository,
    TaskState,
    TaskStore,
    TodoError,
    TrashedTask,
    TrashPage,
    TrashQuery,
    UserId,
)


async def apply(
    repository: TaskRepository, user_id: UserId, *operations: Operation, seconds: float = 0
) -> Sequence[TaskState]:
    """Do the operations as a batch, so many seconds after noon, and return the state of each one's task."""
    result = await repository.apply(user_id, Batch(operations), at=noon_plus(seconds))
    return [result.tasks[outcome.id] for outcome in result.outcomes]


async def trash_of(repository: TaskRepository, user_id: UserId) -> TrashPage:
    """Return the whole trash, in one page."""
    return await repository.list_trash(user_id, TrashQuery(limit=ALL))


async def ids_in_trash(repository: TaskRepository, user_id: UserId) -> list[int]:
    """Return the ids of the tasks in the trash, in order."""
    return [trashed.id for trashed in (await trash_of(repository, user_id)).tasks]


async def remove(repository: TaskRepository, user_id: UserId, *task_ids: int) -> None:
    """Move these tasks to the trash, one after the other."""
    for task_id in task_ids:
        await repository.remove(user_id, task_id, at=NOON)


async def cause_of(
    repository: TaskRepository, user_id: UserId, *operations: Operation, kind: type[TodoError] = BatchFailed
) -> TodoError:
    """Return why a batch failed, which must not have changed anything."""
    before = await read_everything(repository, user_id), await trash_of(repository, user_id)
    with pytest.raises(kind) as failed:
        await repository.apply(user_id, Batch(operations), at=NOON)
    assert (await read_everything(repository, user_id), await trash_of(repository, user_id)) == before
    return failed.value.cause if isinstance(failed.value, BatchFailed) else failed.value


class KeepsATrash(Contract):
    """Only the trash shows a removed task. Restoring it gives it a new revision."""

    async def test_a_removed_task_is_in_the_trash_with_its_content(self, repository: TaskStore) -> None:
        user = new_user()
        task = (await repository.add(user, EVERY_FIELD, at=NOON)).task
        await add_titles(repository, user, "b")

        await repository.remove(user, 1, at=noon_plus(1))
        await apply(repository, user, Patch(2, TaskPatch(title="B")), Remove(2), seconds=2)

        page = await trash_of(repository, user)
        changed = page.tasks[0]
        assert (changed.task.title, changed.revision, changed.deleted_at) == ("B", 5, noon_plus(2))
        assert page == TrashPage((changed, TrashedTask(task._replace(revision=3), noon_plus(1))), (), None, 5, 2)

    async def test_a_list_that_does_not_exist_has_an_empty_trash(self, repository: TaskStore) -> None:
        assert await trash_of(repository, new_user()) == TrashPage((), (), None, 0, 0)

    async def test_no_list_contains_a_task_in_the_trash(self, repository: TaskStore) -> None:
        user = new_user()
        await add_titles(repository, user, "ab")

        await remove(repository, user, 1)

        assert [task.id for task in await repository.get_many(user, [1, 2])] == [2]
        assert list((await repository.list_ids(user, TaskQuery())).ids) == [2]
        assert (await repository.list(user, TaskQuery(q="a"))).tasks == ()

    async def test_the_trash_lists_the_last_deletions_first_in_pages(self, repository: TaskStore) -> None:
        user, other = new_user(), new_user()
        await add_titles(repository, user, "abcde")
        await add_titles(repository, other, "a")
        await remove(repository, other, 1)
        await remove(repository, user, 2, 5, 1, 4)

        first = await repository.list_trash(user, TrashQuery(limit=2))
        await remove(repository, user, 3)
        second = await repository.list_trash(user, TrashQuery(limit=2, cursor=first.next_cursor))

        assert [trashed.id for trashed in first.tasks] == [4, 1]
        assert [trashed.id for trashed in second.tasks] == [5, 2]
        assert second.next_cursor is None
        assert (first.count, second.count) == (4, 5)

    async def test_a_restored_task_is_in_the_list_again_at_a_higher_revision(self, repository: TaskStore) -> None:
        user = new_user()
        task = (await repository.add(user, EVERY_FIELD, at=NOON)).task
        await add_titles(repository, user, "b")
        await remove(repository, user, 1)

        (restored,) = await apply(repository, user, Restore(1, frozenset({3})), seconds=1)

        page, feed = await read_everything(repository, user)
        # The project of the task does not exist.
        assert restored == task._replace(revision=4, updated_at=noon_plus(1), project_id=None)
        assert await repository.get(user, 1) == restored
        assert restored in page.tasks
        assert feed.changes[-1] == restored
        assert page.revision == feed.next.revision == 4
        assert await trash_of(repository, user) == TrashPage((), (), None, 4, 0)
        assert (await repository.change(user, 1, set_title("again"))).revision == 5

    async def test_what_is_not_in_the_trash_is_not_found_there(self, repository: TaskStore) -> None:
        """A task in the list, an unknown one, an erased one, and one in the trash of another user."""
        user, other = new_user(), new_user()
        await add_titles(repository, other, "abcd")
        await add_titles(repository, user, "abc")
        await remove(repository, other, 4)
        await remove(repository, user, 2)
        await repository.remove(user, 3, at=NOON, permanent=True)
        await apply(repository, user, Erase(2))

        for task_id in (1, 2, 3, 4):
            for operation in (Restore(task_id), Erase(task_id)):
                assert isinstance(await cause_of(repository, user, operation), TaskNotFound)

        assert await ids_in_trash(repository, other) == [4]

    async def test_a_false_precondition_keeps_a_task_in_the_trash(self, repository: TaskStore) -> None:
        user = new_user()
        await add_titles(repository, user, "ab")
        await remove(repository, user, 1)

        for expected in (frozenset({1, 2}), frozenset[int]()):
            for operation in (Restore(1, expected), Erase(1, expected)):
                cause = await cause_of(repository, user, operation)
                assert isinstance(cause, PreconditionFailed)
                assert cause.current == 3

    async def test_restoring_counts_against_the_quotas(self, make_repository: MakeRepository) -> None:
        user = new_user()
        async with make_repository(Quotas(max_open_tasks=2, max_tasks=3)) as repository:
            await add(repository, user, OPEN, OPEN, DONE)
            await remove(repository, user, 1, 3)
            await add(repository, user, OPEN)

            refused = await cause_of(repository, user, Restore(1), kind=QuotaExceeded)
            await apply(repository, user, Restore(3))
            await apply(repository, user, Remove(2), Restore(1))

            assert "open tasks" in str(refused)
            assert "tasks" in str(await cause_of(repository, user, Restore(2), kind=QuotaExceeded))
            assert [task.id for task in (await repository.list(user, TaskQuery())).tasks] == [1, 3, 4]

    async def test_the_operations_of_a_batch_see_the_trash_as_earlier_ones_left_it(self, repository: TaskStore) -> None:
        user = new_user()
        await add_titles(repository, user, "ab")
        await remove(repository, user, 1)
        rename = TaskPatch(title="A")

        operations = (Restore(1), Patch(1, rename), Remove(1), Create(OPEN), Remove(3), Remove(2), Erase(2))
        result = await repository.apply(user, Batch(operations), at=NOON)

        page, feed = await read_everything(repository, user)
        revisions = [(1, 4), (1, 5), (1, 6), (3, 7), (3, 8), (2, 9), (2, 9)]
        assert result.outcomes == tuple(Outcome(*each) for each in revisions)
        assert page.tasks == ()
        assert [(change.id, change.revision) for change in feed.changes] == [(1, 6), (3, 8), (2, 9)]
        assert [(trashed.id, trashed.task.title) for trashed in (await trash_of(repository, user)).tasks] == [
            (3, OPEN.title),
            (1, "A"),
        ]
        assert isinstance(await cause_of(repository, user, Restore(1), Restore(1)), TaskNotFound)
        assert isinstance(await cause_of(repository, user, Patch(1, rename)), TaskNotFound)

    async def test_of_concurrent_restorations_exactly_one_succeeds(self, repository: TaskStore) -> None:
        user = new_user()
        await add_titles(repository, user, "a")
        await remove(repository, user, 1)

        restorations = (apply(repository, user, Restore(1)) for _ in range(WRITERS))
        results = await asyncio.gather(*restorations, return_exceptions=True)

        failed = [result for result in results if isinstance(result, BatchFailed)]
        assert len(failed) == WRITERS - 1
        assert {type(failure.cause) for failure in failed} == {TaskNotFound}
        assert await repository.revisions([user]) == {user: 3}

    async def test_the_trash_is_not_shared(self, repository: TaskStore) -> None:
        user, other = new_user(), new_user()
        for each in (user, other):
            await add_titles(repository, each, "ab")
            await remove(repository, each, 1)

        await repository.erase_oldest(other, up_to=9, limit=ALL)

        assert await ids_in_trash(repository, user) == [1]
        (restored,) = await apply(repository, user, Restore(1))
        assert isinstance(restored, Task)
        assert (await repository.list(other, TaskQuery())).tasks[0].id == 2
