import asyncio

import pytest

from todo_adapters.sql.queues import PlaceQueue, Shares

pytestmark = pytest.mark.anyio


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def take(places: PlaceQueue, served: list[int], number: int, *, first: bool = False) -> None:
    await places.wait(first=first)
    served.append(number)


def full(count: int) -> PlaceQueue:
    places = PlaceQueue(count)
    while places.try_take():
        pass
    return places


async def test_no_more_places_are_taken_than_there_are() -> None:
    places = PlaceQueue(2)

    assert [places.try_take() for _ in range(3)] == [True, True, False]


async def test_callers_get_a_place_in_order_of_arrival() -> None:
    places, served = full(1), list[int]()
    callers = [asyncio.create_task(take(places, served, number)) for number in range(5)]
    await settle()

    for _ in callers:
        places.give_back()
    await asyncio.gather(*callers)

    assert served == [0, 1, 2, 3, 4]
    assert not places.try_take()


async def test_callers_who_come_first_get_a_place_in_order_of_arrival_before_all_others() -> None:
    places, served = full(1), list[int]()
    callers = [asyncio.create_task(take(places, served, number, first=number > 1)) for number in range(4)]
    await settle()

    for _ in callers:
        places.give_back()
    await asyncio.gather(*callers)

    assert served == [2, 3, 0, 1]


async def test_a_caller_who_is_cancelled_while_it_waits_takes_no_place() -> None:
    places, served = full(1), list[int]()
    caller = asyncio.create_task(take(places, served, 0))
    await settle()

    caller.cancel()
    await settle()
    places.give_back()

    assert places.try_take()


async def test_a_place_that_was_given_to_a_caller_who_is_cancelled_goes_to_the_next() -> None:
    places, served = full(1), list[int]()
    callers = [asyncio.create_task(take(places, served, number)) for number in range(2)]
    await settle()

    places.give_back()
    callers[0].cancel()
    await asyncio.wait(callers)

    assert served == [1]


async def test_owners_have_equal_shares_and_do_not_wait_for_each_other() -> None:
    shares = Shares(1)
    assert [shares.try_take(owner) for owner in ("alice", "alice", "bob")] == [True, False, True]
    second = asyncio.create_task(shares.wait("alice"))
    await settle()

    shares.give_back("bob")
    await settle()
    assert not second.done()

    shares.give_back("alice")
    await second
    assert not shares.try_take("alice")


async def test_a_place_of_an_owner_that_was_given_to_a_cancelled_caller_is_free() -> None:
    shares = Shares(1)
    shares.try_take("alice")
    second = asyncio.create_task(shares.wait("alice"))
    await settle()

    shares.give_back("alice")
    second.cancel()
    await asyncio.wait([second])

    assert shares.try_take("alice")


async def test_an_owner_without_a_place_is_forgotten() -> None:
    shares = Shares(1)
    assert shares.try_take("alice")
    waiting = asyncio.create_task(shares.wait("alice"))
    await settle()
    shares.give_back("alice")
    await waiting

    shares.give_back("alice")
    shares.give_back(None)

    assert len(shares) == 0
