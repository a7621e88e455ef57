"""Waking those who wait for changes, without a server."""

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
    """A repository that can't be asked for revisions the first time, and tells when it was asked often enough."""

    def __init__(self, often: int = 1) -> None:
        super().__init__()
        self.asked = 0
        self.asked_often = asyncio.Event()
        self._often = often

    async def revisions(self, user_ids: Collection[UserId]) -> Mapping[UserId, int]:
        self.asked += 1
        if self.asked >= self._often:
            self.asked_often.set()
        if self.asked == 1:
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


def test_all_who_wait_for_a_user_are_woken_and_nobody_else() -> None:
    async def scenario() -> list[bool]:
        async with LiveFeed(open_at_once(InMemoryTaskRepository())) as feed:
            with feed.subscribe(ALICE) as first, feed.subscribe(ALICE) as second, feed.subscribe(BOB) as other:
                feed.announce(ALICE)
                return [first.is_set(), second.is_set(), other.is_set()]

    assert asyncio.run(scenario()) == [True, True, False]


def test_who_left_is_not_woken_and_who_stayed_is() -> None:
    async def scenario() -> list[bool]:
        async with LiveFeed(open_at_once(InMemoryTaskRepository())) as feed:
            with feed.subscribe(ALICE) as stayed:
                with feed.subscribe(ALICE) as left:
                    pass
                feed.announce(ALICE)
                return [stayed.is_set(), left.is_set()]

    assert asyncio.run(scenario()) == [True, False]


def test_a_change_that_nobody_announced_is_found_by_the_tick_even_after_the_store_had_failed() -> None:
    async def scenario() -> None:
        repository = open_at_once(FailingOnce())
        async with LiveFeed(repository, SOON) as feed:
            with feed.subscribe(ALICE) as wake:
                await repository.add(ALICE, MILK, at=NOON)
                await woken(wake)

    asyncio.run(scenario())


def test_who_waits_for_a_list_that_vanished_is_woken() -> None:
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


def test_nothing_is_asked_of_the_store_while_nobody_waits() -> None:
    async def scenario() -> int:
        repository = open_at_once(FailingOnce())
        async with LiveFeed(repository, SOON) as feed:
            with feed.subscribe(ALICE):
                pass
            await asyncio.sleep(SOON * 10)
        return repository.asked

    assert asyncio.run(scenario()) == 0


def test_a_list_that_did_not_change_wakes_nobody_twice() -> None:
    async def scenario() -> bool:
        repository = open_at_once(FailingOnce(often=10))
        await repository.add(ALICE, MILK, at=NOON)
        async with LiveFeed(repository, SOON) as feed:
            with feed.subscribe(ALICE) as wake:
                await woken(wake)
                wake.clear()
                await woken(repository.asked_often)
                return wake.is_set()

    assert not asyncio.run(scenario())


def test_the_end_wakes_everybody() -> None:
    async def scenario() -> list[bool]:
        feed = LiveFeed(open_at_once(InMemoryTaskRepository()))
        async with feed:
            with feed.subscribe(ALICE) as first, feed.subscribe(BOB) as second:
                feed.close()
                return [first.is_set(), second.is_set(), feed.closed]

    assert asyncio.run(scenario()) == [True, True, True]


def test_a_feed_that_nobody_used_ends_too() -> None:
    async def scenario() -> None:
        async with LiveFeed(open_at_once(InMemoryTaskRepository())):
            pass

    asyncio.run(scenario())


def test_all_who_wait_cost_one_question_a_tick() -> None:
    async def scenario() -> int:
        repository = open_at_once(FailingOnce())
        async with LiveFeed(repository, SOON) as feed:
            with feed.subscribe(ALICE), feed.subscribe(ALICE), feed.subscribe(BOB):
                await woken(repository.asked_often)
                return repository.asked

    assert asyncio.run(scenario()) == 1
