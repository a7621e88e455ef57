import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest

from tests.tokens import NOW, StoppedClock
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_api.server import erased_users
from todo_api.server.erased_users import ErasedUsers
from todo_domain import UserId

pytestmark = pytest.mark.anyio

ALICE, BOB = UserId("alice"), UserId("bob")
AGE = timedelta(days=31)


class Store(InMemoryTaskRepository):
    """A store that counts the queries. Each first awaits `blocked`, if it is set."""

    def __init__(self) -> None:
        super().__init__()
        self.queries: list[datetime] = []
        self.blocked: asyncio.Event | None = None

    async def erased_since(self, since: datetime) -> Mapping[UserId, datetime]:
        self.queries.append(since)
        if self.blocked:
            await self.blocked.wait()
        return await super().erased_since(since)


async def test_what_the_store_remembers_is_known_from_the_beginning() -> None:
    async with Store() as store:
        await store.erase_user(ALICE, at=NOW - AGE, limit=1)
        await store.erase_user(BOB, at=NOW - AGE - timedelta(seconds=1), limit=1)

        async with ErasedUsers(store, StoppedClock(), AGE) as known:
            assert known.erased_at(ALICE) == NOW - AGE
            assert known.erased_at(BOB) is None
            assert not known.is_stale()


async def test_a_later_erasure_by_another_process_is_known_after_a_refresh(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Store() as store, ErasedUsers(store, StoppedClock(), AGE) as known:
        await store.erase_user(ALICE, at=NOW, limit=1)

        is_stale = [known.is_stale()]
        monkeypatch.setattr(erased_users, "REFRESH_SECONDS", -1)
        is_stale += [known.is_stale() for _ in range(2)]
        unknown = known.erased_at(ALICE)
        await asyncio.sleep(0)

        assert is_stale == [False] * 3
        assert (unknown, known.erased_at(ALICE)) == (None, NOW)
        assert store.queries == [NOW - AGE, NOW - timedelta(minutes=10)]


async def test_after_a_pause_a_request_waits_for_a_refresh(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Store() as store, ErasedUsers(store, StoppedClock(), AGE) as known:
        monkeypatch.setattr(erased_users, "REFRESH_SECONDS", -1)
        monkeypatch.setattr(erased_users, "MAX_AGE_SECONDS", -1)

        assert known.is_stale()
        await known.refresh()

        assert len(store.queries) == 2


async def test_several_callers_share_one_query() -> None:
    async with Store() as store, ErasedUsers(store, StoppedClock(), AGE) as known:
        await asyncio.gather(*(known.refresh() for _ in range(5)))

        assert len(store.queries) == 2


async def test_an_earlier_time_does_not_replace_a_later_one() -> None:
    async with Store() as store, ErasedUsers(store, StoppedClock(), AGE) as known:
        known.note(ALICE, NOW)

        known.note(ALICE, NOW - AGE)

        assert known.erased_at(ALICE) == NOW


async def test_what_was_known_stays_while_the_store_is_not_available() -> None:
    store = Store()
    async with store:
        await store.erase_user(ALICE, at=NOW, limit=1)
        known = ErasedUsers(store, StoppedClock(), AGE)
        await known.refresh()

    await known.refresh()

    assert known.erased_at(ALICE) == NOW


async def test_an_erasure_is_dropped_when_it_is_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = StoppedClock()
    async with Store() as store, ErasedUsers(store, clock, AGE) as known:
        known.note(ALICE, NOW)
        known.note(BOB, NOW + timedelta(seconds=1))
        monkeypatch.setattr(erased_users, "_RELOAD_SECONDS", -1)
        clock.advance(AGE.total_seconds() + 1)

        await known.refresh()

        assert (known.erased_at(ALICE), known.erased_at(BOB)) == (None, NOW + timedelta(seconds=1))


async def test_closing_ends_a_refresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erased_users, "REFRESH_SECONDS", -1)
    async with Store() as store:
        async with ErasedUsers(store, StoppedClock(), AGE) as known:
            store.blocked = asyncio.Event()
            known.is_stale()
            await asyncio.sleep(0)

        assert store.queries == [NOW - AGE, NOW - timedelta(minutes=10)]
