"""Recurring tasks: each completion adds one successor, in the transaction of the completion."""

import asyncio
from typing import Final

import pytest
from hypothesis import settings

from todo_adapters.contract.field_values import DAY, NEXT_DAY
from todo_adapters.contract.quotas import DONE, OPEN, add, compete, error_of, key_of
from todo_adapters.contract.scenario import NOON, WRITERS, new_user, noon_plus, read_everything, set_title
from todo_adapters.contract.suite import Contract, MakeRepository
from todo_domain import (
    Batch,
    BatchFailed,
    Create,
    Deletion,
    Due,
    Operation,
    Patch,
    Quotas,
    RecurrenceDraft,
    Remove,
    Restore,
    TaskDraft,
    TaskPatch,
    TaskStore,
    UserId,
    initial_position,
)

DAILY: Final = RecurrenceDraft("FREQ=DAILY")
RECURRING: Final = TaskDraft(title="water", description="the plants", due=Due(DAY), recurrence=DAILY, tags=("home",))
COMPLETE: Final = Patch(1, TaskPatch(complete=True))
REOPEN: Final = Patch(1, TaskPatch(complete=False))
ROUNDS: Final = 3
"""How often all writers complete one task, unless the profile of Hypothesis is `deep`."""


async def _apply(store: TaskStore, user: UserId, *operations: Operation) -> None:
    await store.apply(user, Batch(operations), at=NOON)


class ContinuesSeries(Contract):
    """Completing a recurring task adds its successor. Opening it again takes back an unchanged one."""

    async def test_completing_a_recurring_task_adds_the_next_one(self, repository: TaskStore) -> None:
        user = new_user()
        task = (await repository.add(user, RECURRING, at=NOON)).task

        result = await repository.apply(user, Batch((COMPLETE,)), at=noon_plus(1))

        done = task._replace(
            revision=2, completed_at=noon_plus(1), updated_at=noon_plus(1), recurrence=None, successor_id=2
        )
        next_day = NOON.date().replace(month=2, day=1)
        successor = task._replace(
            id=2,
            revision=3,
            due=Due(next_day),
            recurrence=DAILY.anchored(next_day),
            position=initial_position(2),
            succeeds=task.recurrence,
            created_at=noon_plus(1),
            updated_at=noon_plus(1),
        )
        page, feed = await read_everything(repository, user)
        assert set(page.tasks) == {done, successor}
        assert feed.changes == (done, successor)
        assert result.tasks[1] == done
        assert page.revision == 3
        assert (await repository.add(user, OPEN, at=NOON)).task.id == 3

    async def test_completing_again_changes_nothing(self, repository: TaskStore) -> None:
        user = new_user()
        await add(repository, user, RECURRING)
        await repository.apply(user, Batch((COMPLETE,)), at=NOON, key=key_of("k", COMPLETE))
        before = await read_everything(repository, user)

        again = await repository.apply(user, Batch((COMPLETE,)), at=NOON, key=key_of("k", COMPLETE))
        await _apply(repository, user, COMPLETE, COMPLETE)
        await repository.change(user, 1, lambda task: task.patched(TaskPatch(complete=True), noon_plus(1)))

        assert again.replayed
        assert await read_everything(repository, user) == before

    async def test_of_many_devices_that_complete_a_task_at_once_one_adds_a_successor(
        self, repository: TaskStore
    ) -> None:
        rounds = 1_000 if settings.get_current_profile_name() == "deep" else ROUNDS
        for _ in range(rounds):
            user = new_user()
            await add(repository, user, RECURRING)

            await asyncio.gather(*(_apply(repository, user, COMPLETE) for _ in range(WRITERS)))

            page, _ = await read_everything(repository, user)
            assert [(task.id, task.complete, task.successor_id) for task in page.tasks] == [
                (1, True, 2),
                (2, False, None),
            ]
            assert page.revision == 3

    async def test_reopening_takes_back_a_successor_that_nobody_has_changed(self, repository: TaskStore) -> None:
        user = new_user()
        task = (await repository.add(user, RECURRING, at=NOON)).task
        await _apply(repository, user, COMPLETE)

        await _apply(repository, user, REOPEN)

        page, feed = await read_everything(repository, user)
        assert page.tasks == (task._replace(revision=4),)
        assert feed.changes == (*page.tasks, Deletion(2, 5))
        assert (await repository.add(user, OPEN, at=NOON)).task.id == 3

    async def test_reopening_keeps_a_successor_that_was_changed_or_removed(self, repository: TaskStore) -> None:
        changed, removed, restored = new_user(), new_user(), new_user()
        for user in (changed, removed, restored):
            await add(repository, user, RECURRING)
            await _apply(repository, user, COMPLETE)
        await repository.change(changed, 2, set_title("another"))
        await repository.remove(removed, 2, at=NOON)
        await _apply(repository, restored, Remove(2), Restore(2))

        for user in (changed, removed, restored):
            await _apply(repository, user, REOPEN)

        for user, ids in ((changed, [1, 2]), (removed, [1]), (restored, [1, 2])):
            page, _ = await read_everything(repository, user)
            assert [task.id for task in page.tasks] == ids
            assert (page.tasks[0].recurrence, page.tasks[0].successor_id) == (None, None)

    async def test_reopening_while_the_successor_is_changed_keeps_it_or_takes_it_back(
        self, repository: TaskStore
    ) -> None:
        """Whoever comes first; the other one sees the result."""
        for number in range(ROUNDS):
            user = new_user()
            await add(repository, user, RECURRING)
            await _apply(repository, user, COMPLETE)
            writes = [_apply(repository, user, REOPEN), repository.change(user, 2, set_title("another"))]

            await compete(writes[:: 1 if number % 2 else -1])

            page, _ = await read_everything(repository, user)
            task, *rest = page.tasks
            assert not task.complete
            assert [other.title for other in rest] == ([] if task.recurrence else ["another"])

    async def test_a_series_ends_after_its_last_occurrence(self, repository: TaskStore) -> None:
        user = new_user()
        twice, until = RecurrenceDraft("FREQ=DAILY;COUNT=40"), RecurrenceDraft("FREQ=DAILY;UNTIL=20260131")
        for rule in (twice, until):
            await add(repository, user, TaskDraft(title="x", due=Due(NEXT_DAY), recurrence=rule))

        await _apply(repository, user, *(Patch(number, TaskPatch(complete=True)) for number in (1, 2)))

        page, _ = await read_everything(repository, user)
        assert [(task.id, task.successor_id) for task in page.tasks] == [(1, 3), (2, None), (3, None)]
        assert str(page.tasks[2].recurrence and page.tasks[2].recurrence.rule) == "FREQ=DAILY;COUNT=10"

    async def test_a_batch_that_fails_after_a_completion_adds_no_successor(self, repository: TaskStore) -> None:
        user = new_user()
        await add(repository, user, RECURRING)
        before = await read_everything(repository, user)

        with pytest.raises(BatchFailed):
            await _apply(repository, user, COMPLETE, Remove(9))

        assert await read_everything(repository, user) == before
        assert (await repository.add(user, OPEN, at=NOON)).task.id == 2

    async def test_a_quota_counts_a_successor_but_does_not_refuse_it(self, make_repository: MakeRepository) -> None:
        user = new_user()
        async with make_repository(Quotas(max_open_tasks=1, max_tasks=2)) as store:
            await add(store, user, RECURRING, DONE)

            both = Batch((COMPLETE, Create(DONE)))
            await error_of(store, user, store.apply(user, both, at=NOON))
            await _apply(store, user, COMPLETE)
            await error_of(store, user, store.add(user, DONE, at=NOON))
            await _apply(store, user, Remove(1), Remove(2))
            added = (await store.add(user, DONE, at=NOON)).task

            page, _ = await read_everything(store, user)
            assert [task.id for task in page.tasks] == [3, added.id]
