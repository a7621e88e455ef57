"""Quotas of tasks: a write that would exceed one is refused, and nothing else is."""

import asyncio
from contextlib import suppress
from typing import Final

import pytest

from todo_adapters.contract.quotas import DONE, OPEN, add, compete, error_of, key_of
from todo_adapters.contract.scenario import NOON, WRITERS, new_user, read_everything
from todo_adapters.contract.suite import Contract, MakeRepository
from todo_domain import (
    NO_QUOTAS,
    Batch,
    Create,
    Edit,
    Operation,
    Patch,
    QuotaExceeded,
    Quotas,
    Remove,
    TaskPatch,
    TaskStore,
    UserId,
)

COMPLETE: Final = TaskPatch(complete=True)
REOPEN: Final = TaskPatch(complete=False)
FIVE_OPEN: Final = Quotas(max_open_tasks=5)
THREE: Final = Quotas(max_open_tasks=2, max_tasks=3)


def _edit(patch: TaskPatch) -> Edit:
    return lambda task: task.patched(patch, NOON)


async def _room(store: TaskStore, user_id: UserId) -> int:
    """Try to add more open tasks than there is room for; return how many were added."""
    added = 0
    for _ in range(2 * WRITERS):
        with suppress(QuotaExceeded):
            await store.add(user_id, OPEN, at=NOON)
            added += 1
    return added


class BoundsTasks(Contract):
    """A list has no more tasks than its user may have, whoever writes at the same time."""

    async def test_a_task_above_the_number_of_open_tasks_is_refused(self, make_repository: MakeRepository) -> None:
        user = new_user()
        async with make_repository(THREE) as store:
            await add(store, user, OPEN, OPEN)

            refused = await error_of(store, user, store.add(user, OPEN, at=NOON))
            completed = (await store.add(user, DONE, at=NOON)).task

            assert str(refused) == str(QuotaExceeded("open tasks", 2))
            assert (completed.id, completed.revision) == (3, 3)

    async def test_a_task_above_the_number_of_all_tasks_is_refused(self, make_repository: MakeRepository) -> None:
        user = new_user()
        async with make_repository(THREE) as store:
            await add(store, user, DONE, DONE, OPEN)

            errors = [await error_of(store, user, store.add(user, draft, at=NOON)) for draft in (OPEN, DONE)]
            await store.remove(user, 1, at=NOON)
            added = (await store.add(user, OPEN, at=NOON)).task

            assert {str(error) for error in errors} == {str(QuotaExceeded("tasks", 3))}
            assert (added.id, added.revision) == (4, 5)

    async def test_a_task_with_a_key_is_refused_like_any_other(self, make_repository: MakeRepository) -> None:
        user = new_user()
        async with make_repository(THREE) as store:
            await add(store, user, OPEN, OPEN)

            await error_of(store, user, store.add(user, OPEN, at=NOON, key=key_of("k")))
            await store.remove(user, 1, at=NOON)

            assert not (await store.add(user, OPEN, at=NOON, key=key_of("k"))).replayed

    async def test_the_quotas_of_a_user_do_not_depend_on_other_users(self, make_repository: MakeRepository) -> None:
        user, other = new_user(), new_user()
        async with make_repository(THREE) as store:
            await add(store, other, OPEN, OPEN, DONE)

            assert await _room(store, user) == 2

    async def test_completing_and_removing_tasks_makes_room(self, make_repository: MakeRepository) -> None:
        user = new_user()
        async with make_repository(FIVE_OPEN) as store:
            await add(store, user, *[OPEN] * 5)

            await store.change(user, 1, _edit(COMPLETE))
            await store.change(user, 1, _edit(TaskPatch(title="still complete")))
            await store.remove(user, 1, at=NOON)
            await store.remove(user, 2, at=NOON, guard=lambda _: None)
            await store.apply(user, Batch((Patch(3, COMPLETE), Remove(4))), at=NOON)

            assert await _room(store, user) == 4

    async def test_reopening_a_task_above_the_number_of_open_tasks_is_refused(
        self, make_repository: MakeRepository
    ) -> None:
        user = new_user()
        async with make_repository(THREE) as store:
            await add(store, user, DONE, OPEN, OPEN)

            errors = [
                await error_of(store, user, store.change(user, 1, _edit(REOPEN))),
                await error_of(store, user, store.apply(user, Batch((Patch(1, REOPEN),)), at=NOON)),
            ]
            await store.change(user, 2, _edit(COMPLETE))
            reopened = await store.change(user, 1, _edit(REOPEN))

            assert {str(error) for error in errors} == {str(QuotaExceeded("open tasks", 2))}
            assert not reopened.complete

    async def test_a_user_above_the_quotas_can_do_what_does_not_add_tasks(
        self, make_repository: MakeRepository
    ) -> None:
        user = new_user()
        async with make_repository(NO_QUOTAS) as store:
            await add(store, user, *[OPEN] * 6, DONE)
        async with make_repository(THREE) as store:
            await store.change(user, 1, _edit(TaskPatch(title="edited")))
            await store.change(user, 2, _edit(COMPLETE))
            await store.remove(user, 3, at=NOON)
            exchange = (Create(OPEN), Remove(4), Create(DONE), Remove(7))
            await store.apply(user, Batch(exchange), at=NOON)

            for write in (
                store.add(user, OPEN, at=NOON),
                store.add(user, DONE, at=NOON),
                store.change(user, 2, _edit(REOPEN)),
                store.apply(user, Batch((*exchange[:1], Remove(2), Patch(1, REOPEN))), at=NOON),
            ):
                await error_of(store, user, write)
            page, _ = await read_everything(store, user)
            assert sorted(task.id for task in page.tasks) == [1, 2, 5, 6, 8, 9]

    @pytest.mark.parametrize(
        ("operations", "counted"),
        [
            ((Create(OPEN), Create(OPEN), Remove(2)), "open tasks"),
            ((Patch(1, REOPEN), Create(DONE), Remove(2)), None),
            ((Create(OPEN), Patch(2, COMPLETE), Remove(1)), None),
            ((Create(OPEN), Remove(4)), None),
            ((Create(DONE),), "tasks"),
            ((Patch(1, REOPEN), Patch(2, COMPLETE)), None),
        ],
        ids=lambda value: value if isinstance(value, str) else None,
    )
    async def test_a_batch_is_judged_by_the_list_after_its_last_operation(
        self, make_repository: MakeRepository, operations: tuple[Operation, ...], counted: str | None
    ) -> None:
        user = new_user()
        async with make_repository(THREE) as store:
            await add(store, user, DONE, OPEN, OPEN)

            if counted:
                refused = await error_of(store, user, store.apply(user, Batch(operations), at=NOON))
                assert counted in str(refused)
            else:
                result = await store.apply(user, Batch(operations), at=NOON)
                assert len(result.outcomes) == len(operations)

    async def test_a_retry_is_replayed_when_the_quota_is_used_up(self, make_repository: MakeRepository) -> None:
        user, batch = new_user(), Batch((Create(OPEN),))
        async with make_repository(Quotas(max_open_tasks=2, max_keys=2)) as store:
            added = await store.add(user, OPEN, at=NOON, key=key_of("add"))
            applied = await store.apply(user, batch, at=NOON, key=key_of("batch", batch))

            again = await store.add(user, OPEN, at=NOON, key=key_of("add"))
            applied_again = await store.apply(user, batch, at=NOON, key=key_of("batch", batch))

            assert (again.task, again.replayed) == (added.task, True)
            assert (applied_again.outcomes, applied_again.replayed) == (applied.outcomes, True)

    async def test_of_concurrent_writers_exactly_as_many_succeed_as_there_is_room_for(
        self, make_repository: MakeRepository
    ) -> None:
        user, batch = new_user(), Batch((Create(OPEN),))
        async with make_repository(FIVE_OPEN) as store:
            adding, errors = await compete(
                [store.add(user, OPEN, at=NOON) for _ in range(WRITERS // 2)]
                + [store.add(user, OPEN, at=NOON, key=key_of(f"{n}")) for n in range(WRITERS // 4)]
                + [store.apply(user, batch, at=NOON) for _ in range(WRITERS // 4)]
            )

            assert adding == 5
            assert {str(error) for error in errors} == {str(QuotaExceeded("open tasks", 5))}
            assert len((await read_everything(store, user))[0].tasks) == 5
            assert await store.revisions([user]) == {user: 5}

    async def test_of_concurrent_reopenings_exactly_as_many_succeed_as_there_is_room_for(
        self, make_repository: MakeRepository
    ) -> None:
        user = new_user()
        async with make_repository(FIVE_OPEN) as store:
            await add(store, user, *[DONE] * WRITERS)

            reopened, errors = await compete([store.change(user, n, _edit(REOPEN)) for n in range(1, WRITERS + 1)])

            assert reopened == 5
            assert {type(error) for error in errors} == {QuotaExceeded}

    async def test_concurrent_writers_do_not_change_how_much_room_there_is(
        self, make_repository: MakeRepository
    ) -> None:
        """Tasks are added, completed, reopened and removed by several writers at once; then the room is measured."""
        user = new_user()
        async with make_repository(Quotas(max_open_tasks=WRITERS)) as store:
            await add(store, user, *[OPEN] * 10)

            async def write(task_id: int) -> None:
                await asyncio.gather(
                    store.add(user, OPEN, at=NOON),
                    store.change(user, task_id, _edit(COMPLETE)),
                    store.change(user, task_id, _edit(COMPLETE)),
                )
                await asyncio.gather(
                    store.change(user, task_id, _edit(REOPEN)),
                    store.apply(user, Batch((Create(DONE), Patch(task_id, COMPLETE))), at=NOON),
                )
                await compete([store.remove(user, task_id, at=NOON) for _ in range(2)])

            await compete([write(task_id) for task_id in range(1, 11)])

            page, _ = await read_everything(store, user)
            assert await _room(store, user) == WRITERS - sum(not task.complete for task in page.tasks)

    async def test_concurrent_retries_take_one_place(self, make_repository: MakeRepository) -> None:
        """The last place goes to one of them; the others replay it."""
        user = new_user()
        async with make_repository(Quotas(max_tasks=1)) as store:
            results = await asyncio.gather(*(store.add(user, OPEN, at=NOON, key=key_of("k")) for _ in range(WRITERS)))

            assert [result.replayed for result in results].count(False) == 1
            assert len({result.task for result in results}) == 1
