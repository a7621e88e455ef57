"""A request ends at its deadline, whatever it waits for."""

import asyncio
import weakref

import pytest
from starlette.requests import ClientDisconnect

from todo_api.http.deadlines import HAS_DISCONNECTED, Deadlines, PendingRequest, _current, current_request
from todo_domain import StorageUnavailable

GET = {"method": "GET"}


def without_client(method: str) -> dict[str, object]:
    """Return the scope of a request whose client has gone."""
    return {"method": method, "state": {HAS_DISCONNECTED: lambda: True}}


def test_a_request_ends_at_its_deadline() -> None:
    async def scenario() -> float:
        request = PendingRequest(Deadlines(0.02), GET)
        with pytest.raises(StorageUnavailable), request:
            await asyncio.sleep(60)
        return request.seconds_left()

    left = asyncio.run(scenario())

    assert left <= 0


def test_every_request_of_an_app_has_a_deadline() -> None:
    async def scenario() -> list[object]:
        deadlines = Deadlines(0.02)

        async def serve(seconds: float) -> str:
            with PendingRequest(deadlines, GET):
                await asyncio.sleep(seconds)
            return "served"

        async def outer(seconds: float) -> str:
            return await serve(seconds)

        return await asyncio.gather(*(outer(seconds) for seconds in (0, 60, 0, 60)), return_exceptions=True)

    first = asyncio.run(scenario())

    assert [type(result) for result in first] == [str, StorageUnavailable, str, StorageUnavailable]


def test_deadlines_work_in_one_event_loop_after_another() -> None:
    deadlines = Deadlines(0.02)

    async def late() -> None:
        with pytest.raises(StorageUnavailable), PendingRequest(deadlines, GET):
            await asyncio.sleep(60)

    for _ in range(2):
        asyncio.run(late())


def test_no_timer_runs_without_requests() -> None:
    async def scenario() -> None:
        deadlines = Deadlines(60)
        with PendingRequest(deadlines, GET):
            await asyncio.sleep(0)
        used_by_a_timer = weakref.ref(deadlines)
        del deadlines
        _current.set(None)
        await asyncio.sleep(0.12)
        assert used_by_a_timer() is None

    asyncio.run(scenario())


def test_a_read_without_its_client_ends_after_a_second() -> None:
    async def scenario() -> float:
        loop = asyncio.get_running_loop()
        began = loop.time()
        with pytest.raises(ClientDisconnect), PendingRequest(Deadlines(60), without_client("GET")):
            await asyncio.sleep(60)
        return loop.time() - began

    # A client that only half-closed its connection gets the responses of this time.
    assert 1 <= asyncio.run(scenario()) < 60


def test_a_read_without_its_client_has_no_later_deadline() -> None:
    async def scenario() -> None:
        with pytest.raises(ClientDisconnect), PendingRequest(Deadlines(0.02), without_client("GET")):
            await asyncio.sleep(60)

    asyncio.run(scenario())


def test_a_write_without_its_client_goes_on_until_its_deadline() -> None:
    async def scenario() -> None:
        request = PendingRequest(Deadlines(2), without_client("POST"))
        with request:
            ends_at = request.ends_at
            await asyncio.sleep(0.06)  # the requests are looked at meanwhile
            assert request.ends_at == ends_at
            request.ends_at = 0
            with pytest.raises(asyncio.CancelledError):
                await asyncio.sleep(60)

    asyncio.run(scenario())


def test_a_task_that_was_cancelled_by_others_stays_cancelled() -> None:
    async def serve() -> None:
        with PendingRequest(Deadlines(60), GET):
            await asyncio.sleep(60)

    async def scenario() -> None:
        task = asyncio.create_task(serve())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(scenario())


def test_an_error_at_the_deadline_is_not_hidden() -> None:
    async def scenario() -> None:
        with PendingRequest(Deadlines(0.02), GET):
            try:
                await asyncio.sleep(60)
            finally:
                raise KeyError

    with pytest.raises(KeyError):
        asyncio.run(scenario())


def test_the_time_for_a_body_does_not_count() -> None:
    async def scenario() -> None:
        request = PendingRequest(Deadlines(60), GET)
        before = request.ends_at
        result = await request.uncounted(asyncio.sleep(0.02, "body"))

        assert result == "body"
        assert request.ends_at >= before + 0.02

    asyncio.run(scenario())


def test_a_deadline_needs_a_task() -> None:
    async def make() -> PendingRequest:
        return PendingRequest(Deadlines(60), GET)

    loop = asyncio.new_event_loop()
    request = loop.run_until_complete(make())
    refusals: list[Exception] = []

    def enter() -> None:
        try:
            with request:
                pass
        except RuntimeError as error:
            refusals.append(error)

    loop.call_soon(enter)
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.close()

    assert len(refusals) == 1


@pytest.mark.parametrize(
    ("state", "is_gone"),
    [(None, False), ({}, False), ({HAS_DISCONNECTED: lambda: False}, False), ({HAS_DISCONNECTED: lambda: True}, True)],
)
def test_a_client_is_gone_when_the_server_says_so(state: dict[str, object] | None, *, is_gone: bool) -> None:
    async def scenario() -> bool:
        return PendingRequest(Deadlines(60), GET if state is None else {"method": "GET", "state": state}).is_gone()

    assert asyncio.run(scenario()) is is_gone


def test_a_task_knows_its_request() -> None:
    async def scenario() -> None:
        assert current_request() is None
        request = PendingRequest(Deadlines(60), GET)
        assert current_request() is request

    asyncio.run(scenario())
