"""The live feed without a server."""

import asyncio
from collections.abc import Collection, Mapping

from tests.opening import open_at_once
from tests.unit.domain.strategies import ALICE, NOON
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_api.streaming.live_feed import LiveFeed
from todo_domain import StorageUnavailable, TaskDraft, UserId

BOB = UserId("bob")
SOON = 0.001
MILK = TaskDraft(title="Buy milk")


class FailingOnce(InMemoryTaskRepository):
    """A repository whose first query of revisions fails; an event is set after enough queries."""

    def __init__(self, enough: int = 1) -> None:
        super().__init__()
        self.queries = 0
        self.enough_queries = asyncio.Event()
        self._enough = enough

    async def revisions(self, user_ids: Collection[UserId]) -> Mapping[UserId, int]:
        self.queries += 1
        if self.queries >= self._enough:
            self.enough_queries.set()
        if self.queries == 1:
            raise StorageUnavailable("not now")
        return await super().revisions(user_ids)


class Losing(InMemoryTaskRepository):
    """A repository that can lose its lists, as a database does when a standby that lacks them is promoted."""

    lost = False

    async def revisions(self, user_ids: Collection[UserId]) -> Mapping[UserId, int]:
        return {} if self.lost else await super().revisions(user_ids)


async def woken(wake: asyncio.Event) -> None:
    async with asyncio.timeout(10):
        await wake.wait()


def test_an_announcement_wakes_all_readers_of_the_user_and_no_others() -> None:
    async def scenario() -> list[bool]:
        async with LiveFeed(open_at_once(InMemoryTaskRepository())) as feed:
            with feed.subscribe(ALICE) as first, feed.subscribe(ALICE) as second, feed.subscribe(BOB) as other:
                feed.notify(ALICE)
                return [first.is_set(), second.is_set(), other.is_set()]

    assert asyncio.run(scenario()) == [True, True, False]


def test_only_readers_that_are_still_subscribed_are_woken() -> None:
    async def scenario() -> list[bool]:
        async with LiveFeed(open_at_once(InMemoryTaskRepository())) as feed:
            with feed.subscribe(ALICE) as stayed:
                with feed.subscribe(ALICE) as left:
                    pass
                feed.notify(ALICE)
                return [stayed.is_set(), left.is_set()]

    assert asyncio.run(scenario()) == [True, False]


def test_the_tick_finds_an_unannounced_change_even_after_the_store_failed() -> None:
    async def scenario() -> None:
        repository = open_at_once(FailingOnce())
        async with LiveFeed(repository, SOON) as feed:
            with feed.subscribe(ALICE) as wake:
                await repository.add(ALICE, MILK, at=NOON)
                await woken(wake)

    asyncio.run(scenario())


def test_readers_of_a_list_that_no_longer_exists_are_woken() -> None:
    async def scenario() -> None:
        repository = open_at_once(Losing())
        await repository.add(ALICE, MILK, at=NOON)
        async with LiveFeed(repository, SOON) as feed:
            with feed.subscribe(ALICE) as wake:
                await woken(wake)
                wake.clear()
                repository.lost = True
                await woken(wake)

    asyncio.run(scenario())


def test_the_store_is_not_queried_without_readers() -> None:
    async def scenario() -> int:
        repository = open_at_once(FailingOnce())
        async with LiveFeed(repository, SOON) as feed:
            with feed.subscribe(ALICE):
                pass
            await asyncio.sleep(SOON * 10)
        return repository.queries

    assert asyncio.run(scenario()) == 0


def test_a_list_that_did_not_change_wakes_its_readers_once() -> None:
    async def scenario() -> bool:
        repository = open_at_once(FailingOnce(enough=10))
        await repository.add(ALICE, MILK, at=NOON)
        async with LiveFeed(repository, SOON) as feed:
            with feed.subscribe(ALICE) as wake:
                await woken(wake)
                wake.clear()
                await woken(repository.enough_queries)
                return wake.is_set()

    assert not asyncio.run(scenario())


def test_closing_wakes_all_readers() -> None:
    async def scenario() -> list[bool]:
        feed = LiveFeed(open_at_once(InMemoryTaskRepository()))
        async with feed:
            with feed.subscribe(ALICE) as first, feed.subscribe(BOB) as second:
                feed.close()
                return [first.is_set(), second.is_set(), feed.closed]

    assert asyncio.run(scenario()) == [True, True, True]


def test_a_feed_without_readers_can_be_closed() -> None:
    async def scenario() -> None:
        async with LiveFeed(open_at_once(InMemoryTaskRepository())):
            pass

    asyncio.run(scenario())


def test_all_readers_share_one_query_per_tick() -> None:
    async def scenario() -> int:
        repository = open_at_once(FailingOnce())
        async with LiveFeed(repository, SOON) as feed:
            with feed.subscribe(ALICE), feed.subscribe(ALICE), feed.subscribe(BOB):
                await woken(repository.enough_queries)
                return repository.queries

    assert asyncio.run(scenario()) == 1


def test_the_lag_is_the_time_since_a_look_that_succeeded_and_readers_are_counted() -> None:
    async def scenario() -> tuple[float, int, int]:
        repository = open_at_once(FailingOnce())
        async with asyncio.timeout(10), LiveFeed(repository, SOON) as feed:
            with feed.subscribe(ALICE), feed.subscribe(ALICE), feed.subscribe(BOB):
                before, readers = feed.lag_seconds(), feed.readers()
                while not feed.lag_seconds():  # noqa: ASYNC110 - no event signals a look
                    await asyncio.sleep(SOON)
                return before, readers, repository.queries

    before, readers, queries = asyncio.run(scenario())

    assert (before, readers) == (0, 3)
    assert queries >= 2  # the first one fails
