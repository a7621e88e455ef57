"""Quotas of what the store remembers besides tasks: deletions and idempotency keys."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest

from todo_adapters.contract.quotas import OPEN, add, compete, error_of, key_of
from todo_adapters.contract.scenario import ALL, NOON, WRITERS, YEARS_AGO, feed_token, new_user, noon_plus
from todo_adapters.contract.suite import Contract, MakeRepository
from todo_domain import (
    Batch,
    Create,
    CursorExpired,
    Deletion,
    Quotas,
    Remove,
    TaskStore,
    TooManyKeys,
    TrashQuery,
    UserId,
)


async def _room_for_keys(store: TaskStore, user_id: UserId) -> int:
    """Try to add more tasks with new keys than there is room for; return how many were added."""
    added = 0
    for number in range(2 * WRITERS):
        with suppress(TooManyKeys):
            await store.add(user_id, OPEN, at=NOON, key=key_of(f"room-{number}"))
            added += 1
    return added


class BoundsDeletionsAndKeys(Contract):
    """The oldest deletions are forgotten. A key is refused, and old ones can be forgotten first."""

    async def test_only_the_last_deletions_are_remembered(self, make_repository: MakeRepository) -> None:
        user = new_user()
        async with make_repository(Quotas(max_deletions=3)) as store:
            await add(store, user, *[OPEN] * 7)
            tokens = [await feed_token(store, user)]
            for task_id in (2, 1, 4):
                await store.remove(user, task_id, at=NOON)
                tokens.append(await feed_token(store, user))
            assert len((await store.changes(user, tokens[0], ALL)).changes) == 3

            await store.apply(user, Batch((Remove(6), Create(OPEN))), at=noon_plus(-1))
            await store.remove(user, 3, at=NOON, guard=lambda _: None)

            for token in tokens[:2]:
                with pytest.raises(CursorExpired):
                    await store.changes(user, token, ALL)
            changes = (await store.changes(user, tokens[2], ALL)).changes
            assert [change.id for change in changes if isinstance(change, Deletion)] == [4, 6, 3]
            assert len((await store.changes(user, None, ALL)).changes) == 3 + 3

    async def test_a_batch_that_exceeds_two_bounds_keeps_the_last_deletions_and_the_last_task_in_the_trash(
        self, make_repository: MakeRepository
    ) -> None:
        user = new_user()
        async with make_repository(Quotas(max_deletions=2, max_trash=1)) as store:
            await store.apply(user, Batch((Create(OPEN),) * 3 + (Remove(1), Remove(2), Remove(3))), at=NOON)

            trash = await store.list_trash(user, TrashQuery())
            assert ([trashed.id for trashed in trash.tasks], trash.count) == ([3], 1)
            assert [change.id for change in (await store.changes(user, None, ALL)).changes] == [2, 3]

    async def test_the_surplus_that_concurrent_writers_leave_is_forgotten_by_the_next_write(
        self, make_repository: MakeRepository
    ) -> None:
        user = new_user()
        async with make_repository(Quotas(max_deletions=3)) as store:
            await store.apply(user, Batch((Create(OPEN),) * (WRITERS + 1)), at=NOON)
            await asyncio.gather(*(store.remove(user, task_id, at=NOON) for task_id in range(1, WRITERS + 1)))

            await store.remove(user, WRITERS + 1, at=NOON)

            changes = (await store.changes(user, None, ALL)).changes
            assert len(changes) == 3
            assert changes[-1] == Deletion(WRITERS + 1, 2 * (WRITERS + 1))

    async def test_purged_deletions_are_no_longer_counted(self, make_repository: MakeRepository) -> None:
        user, before = new_user(), YEARS_AGO
        async with make_repository(Quotas(max_deletions=2)) as store:
            await add(store, user, *[OPEN] * 4)
            for task_id in (1, 2):
                await store.remove(user, task_id, at=before - timedelta(days=1))
            while await store.purge(trash_before=before, deletions_before=before, keys_before=before, limit=ALL):
                pass
            token = await feed_token(store, user)

            for task_id in (3, 4):
                await store.remove(user, task_id, at=NOON)

            assert len((await store.changes(user, token, ALL)).changes) == 2

    async def test_a_key_above_their_number_is_refused_until_old_ones_are_forgotten(
        self, make_repository: MakeRepository
    ) -> None:
        user, batch = new_user(), Batch((Create(OPEN), Create(OPEN)))
        async with make_repository(Quotas(max_keys=4)) as store:
            await store.apply(user, batch, at=noon_plus(1), key=key_of("two", batch))
            for second in (0, 2):
                await store.add(user, OPEN, at=noon_plus(second), key=key_of(f"at-{second}"))

            refused = await error_of(store, user, store.add(user, OPEN, at=NOON, key=key_of("new")))
            await error_of(store, user, store.apply(user, batch, at=NOON, key=key_of("new", batch)))
            await store.add(user, OPEN, at=NOON)
            forgotten = [
                await store.forget_keys(user, before=NOON, limit=ALL),
                await store.forget_keys(user, before=noon_plus(2), limit=1),
                await store.forget_keys(new_user(), before=noon_plus(2), limit=ALL),
            ]
            await store.add(user, OPEN, at=NOON, key=key_of("new"))
            refused_again = await error_of(store, user, store.apply(user, batch, at=NOON, key=key_of("other", batch)))
            forgotten.append(await store.forget_keys(user, before=noon_plus(2), limit=ALL))

            assert str(refused) == str(refused_again) == str(TooManyKeys(4))
            assert forgotten == [0, 1, 0, 2]
            assert (await store.add(user, OPEN, at=NOON, key=key_of("at-2"))).replayed
            assert not (await store.add(user, OPEN, at=NOON, key=key_of("at-0"))).replayed
            assert await _room_for_keys(store, user) == 2

    async def test_purged_keys_are_no_longer_counted(self, make_repository: MakeRepository) -> None:
        user, before, batch = new_user(), YEARS_AGO, Batch((Create(OPEN),) * 3)
        async with make_repository(Quotas(max_keys=4)) as store:
            old = before - timedelta(days=1)
            await store.apply(user, batch, at=old, key=key_of("batch", batch))
            await store.add(user, OPEN, at=old, key=key_of("add"))

            while await store.purge(trash_before=before, deletions_before=before, keys_before=before, limit=ALL):
                pass

            assert await _room_for_keys(store, user) == 4

    async def test_of_concurrent_keys_exactly_as_many_are_stored_as_there_is_room_for(
        self, make_repository: MakeRepository
    ) -> None:
        user = new_user()
        async with make_repository(Quotas(max_keys=5)) as store:
            added, errors = await compete([store.add(user, OPEN, at=NOON, key=key_of(f"{n}")) for n in range(WRITERS)])

            assert added == 5
            assert {type(error) for error in errors} == {TooManyKeys}
