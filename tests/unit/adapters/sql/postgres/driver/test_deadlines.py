import asyncio

import pytest

from todo_adapters.sql.postgres.driver.deadlines import Deadlines

pytestmark = pytest.mark.anyio


async def test_what_is_not_ended_in_time_expires_in_the_order_in_which_it_began() -> None:
    expired: asyncio.Queue[str] = asyncio.Queue()
    deadlines = Deadlines(0.01, expired.put_nowait)

    for thing in ("first", "second", "third"):
        deadlines.begin(thing)
    deadlines.end("second")

    assert [await expired.get(), await expired.get()] == ["first", "third"]


async def test_what_begins_later_expires_later() -> None:
    expired: asyncio.Queue[str] = asyncio.Queue()
    deadlines = Deadlines(0.05, expired.put_nowait)

    deadlines.begin("first")
    await asyncio.sleep(0.02)
    deadlines.begin("second")

    assert [await expired.get(), await expired.get()] == ["first", "second"]


async def test_what_has_expired_can_be_ended_and_begun_again() -> None:
    expired: asyncio.Queue[str] = asyncio.Queue()
    deadlines = Deadlines(0.01, expired.put_nowait)
    deadlines.begin("first")
    await expired.get()
    deadlines.end("first")

    deadlines.begin("first")

    assert await expired.get() == "first"
    assert expired.empty()


async def test_after_a_time_in_which_nothing_was_begun_all_goes_on() -> None:
    expired: asyncio.Queue[str] = asyncio.Queue()
    deadlines = Deadlines(0.01, expired.put_nowait)
    deadlines.begin("first")
    deadlines.end("first")
    await asyncio.sleep(0.02)

    deadlines.begin("second")

    assert await expired.get() == "second"
