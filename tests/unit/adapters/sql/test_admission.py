"""Calls wait for a place in order of arrival, and no longer than it is worth."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.callers import Caller, Callers
from todo_domain import StorageOverloaded


class Scenario(Callers):
    """Calls to a pool of one place with a deadline of 2 s, at times that the test sets."""

    def __init__(self, size: int = 1) -> None:
        super().__init__()
        self.places = asyncio.Semaphore(size)
        self._admission = self.admission(size)
        self.figures = self._admission.figures

    async def call(self, caller: Caller | None) -> asyncio.Task[None]:
        """Begin a call, and let it come as far as it can."""
        self.current = caller
        task = asyncio.create_task(self._take())
        await settle()
        return task

    async def _take(self) -> None:
        if self.places.locked():
            await self._admission.wait(self.places.acquire, self.places.release)
        else:
            await self.places.acquire()
            self._admission.begin()

    async def after(self, seconds: float) -> None:
        """Let this time pass."""
        self.now += seconds
        await settle()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        runner.run(asyncio.wait_for(scenario(), 100))


def is_refused(task: asyncio.Task[None]) -> bool:
    return task.done() and isinstance(task.exception(), StorageOverloaded)


def test_calls_get_places_in_order_of_arrival() -> None:
    async def scenario() -> None:
        pool = Scenario(size=2)
        calls = [await pool.call(Caller()) for _ in range(5)]
        assert [call.done() for call in calls] == [True, True, False, False, False]

        pool.places.release()
        await settle()
        assert [call.done() for call in calls] == [True, True, True, False, False]

        pool.places.release()
        pool.places.release()
        await asyncio.gather(*calls)

    run(scenario)


def test_a_burst_waits_while_nothing_is_known_about_the_rate() -> None:
    async def scenario() -> None:
        pool = Scenario()
        calls = [await pool.call(Caller()) for _ in range(100)]

        assert not any(map(is_refused, calls))
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)

    run(scenario)


def test_a_call_that_would_wait_for_more_than_a_twentieth_of_the_deadline_is_refused_at_once() -> None:
    async def scenario() -> None:
        pool = Scenario()
        await pool.call(Caller())
        waiting = [await pool.call(Caller()) for _ in range(3)]
        for _ in range(2):  # 40 ms for each call
            await pool.after(0.04)
            pool.places.release()
            await settle()
        assert [call.done() for call in waiting] == [True, True, False]

        callers = [Caller() for _ in range(4)]
        *accepted, refused = [await pool.call(caller) for caller in callers]

        assert is_refused(refused)
        assert not any(call.done() for call in accepted)
        assert [caller.is_refused for caller in callers] == [False, False, False, True]
        for call in (waiting[-1], *accepted):
            call.cancel()
        await asyncio.gather(waiting[-1], *accepted, return_exceptions=True)

    run(scenario)


def test_when_no_place_becomes_free_new_calls_are_refused() -> None:
    async def scenario() -> None:
        pool = Scenario()
        await pool.call(Caller())
        waiting = await pool.call(Caller())

        await pool.after(0.2)
        refused = await pool.call(Caller())

        assert is_refused(refused)
        pool.places.release()
        await waiting

    run(scenario)


@pytest.mark.parametrize("caller", [None, Caller(is_served=True)])
def test_later_calls_of_a_caller_and_calls_without_a_caller_only_wait(caller: Caller | None) -> None:
    async def scenario() -> None:
        pool = Scenario()
        await pool.call(Caller())
        first = await pool.call(Caller())
        await pool.after(0.2)

        call = await pool.call(caller)

        assert not call.done()
        pool.places.release()
        pool.places.release()
        await asyncio.gather(first, call)

    run(scenario)


def test_a_caller_with_a_place_is_served() -> None:
    async def scenario() -> None:
        pool = Scenario()
        at_once, after_a_wait = Caller(), Caller()
        await pool.call(at_once)
        waiting = await pool.call(after_a_wait)
        assert (at_once.is_served, after_a_wait.is_served) == (True, False)

        pool.places.release()
        await waiting

        assert after_a_wait.is_served

    run(scenario)


def test_a_caller_that_has_gone_leaves_its_place_to_the_next() -> None:
    async def scenario() -> None:
        pool = Scenario()
        await pool.call(Caller())
        gone, following = await pool.call(Caller(is_gone=True)), await pool.call(Caller())

        await pool.after(0.03)
        pool.places.release()
        await following

        assert is_refused(gone)

    run(scenario)


def test_a_caller_that_seems_to_have_gone_is_served_after_a_short_wait() -> None:
    async def scenario() -> None:
        pool = Scenario()
        await pool.call(Caller())
        half_closed = await pool.call(Caller(is_gone=True))

        await pool.after(0.02)
        pool.places.release()

        await half_closed

    run(scenario)


def test_a_cancelled_call_leaves_its_place_to_the_next() -> None:
    async def scenario() -> None:
        pool = Scenario()
        await pool.call(Caller())
        cancelled, following = await pool.call(Caller()), await pool.call(Caller())

        pool.places.release()
        cancelled.cancel()  # at the moment of its turn

        await following
        assert cancelled.cancelled()

    run(scenario)


def test_the_figures_add_up_the_waits_of_calls_with_and_without_a_place() -> None:
    async def scenario() -> None:
        pool = Scenario()
        await pool.call(Caller())
        served, cancelled = await pool.call(Caller()), await pool.call(Caller())

        await pool.after(0.25)
        cancelled.cancel()
        await settle()
        await pool.after(0.25)
        pool.places.release()
        await served

        assert pool.figures("connection") == {
            ("queue_waiting", "connection"): 0,
            ("queue_waits", "connection"): 2,
            ("queue_wait_seconds", "connection"): 0.75,
        }

    run(scenario)
