"""How a stream of changes ends, and that it waits for nobody for ever."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from starlette.types import Message, Scope

from tests.opening import open_at_once
from tests.unit.domain.strategies import ALICE, NOON
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_api.server.serving import SHUTDOWN_SECONDS
from todo_api.server.uvicorn_protocol import ABORT
from todo_api.streaming import change_stream
from todo_api.streaming.change_stream import ChangeStream
from todo_api.streaming.live_feed import LiveFeed
from todo_domain import Principal, StorageUnavailable, TaskDraft, TaskUseCases

LATER = datetime(9999, 1, 1, tzinfo=UTC)


class Clock:
    def now(self) -> datetime:
        return NOON


class Failing(InMemoryTaskRepository):
    """A repository whose feed can't be read."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    async def changes(self, *args: object) -> object:  # type: ignore[override]  # only what is needed here
        del args
        raise self._error


async def connected() -> Message:
    await asyncio.Event().wait()
    raise AssertionError


async def hanging_up() -> Message:
    return {"type": "http.disconnect"}


async def nothing(_message: Message) -> None:
    """Take a message at once."""


async def stream(
    receive: Callable[[], Awaitable[Message]] = connected,
    then: Callable[[Message], Awaitable[None]] = nothing,
    until: datetime = LATER,
    repository: InMemoryTaskRepository | None = None,
    scope: Scope | None = None,
) -> list[Message]:
    """Stream the changes of a list with one task, and return what was sent when it has ended."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        await then(message)
        sent.append(message)

    first = open_at_once(InMemoryTaskRepository())
    await first.add(ALICE, TaskDraft(title="Buy milk"), at=NOON)
    page = await first.changes(ALICE, None, 10)
    tasks = TaskUseCases(repository or first, Clock(), Principal(ALICE, LATER), ALICE)
    async with asyncio.timeout(30), LiveFeed(first) as live_feed:
        await ChangeStream(tasks, page, live_feed, until)({} if scope is None else scope, receive, send)
    return sent


def bodies(sent: list[Message]) -> list[bytes]:
    return [message["body"] for message in sent if message["type"] == "http.response.body"]


def test_a_stream_ends_when_its_reader_hangs_up() -> None:
    async def after_a_moment() -> Message:
        await asyncio.sleep(0.01)
        return {"type": "http.disconnect"}

    sent = asyncio.run(stream(after_a_moment))

    assert [body.partition(b"\n")[0][-2:] for body in bodies(sent)[1:]] == [b".1"]


def test_a_stream_first_says_when_to_reconnect() -> None:
    sent = asyncio.run(stream(until=datetime.now(UTC) + timedelta(milliseconds=50)))

    assert bodies(sent)[0] == b"retry: 2000\n\n"


def test_a_stream_ends_with_its_token_and_says_so() -> None:
    soon = datetime.now(UTC) + timedelta(milliseconds=50)

    sent = asyncio.run(stream(until=soon))

    assert bodies(sent)[-1] == b""
    assert sent[-1]["more_body"] is False


def test_a_stream_of_a_token_that_has_ended_meanwhile_ends_at_once() -> None:
    sent = asyncio.run(stream(until=NOON - timedelta(days=400_000)))

    assert sent[-1]["more_body"] is False


def test_a_stream_ends_with_the_server_even_if_that_is_told_to_stop_while_a_page_is_sent() -> None:
    async def scenario() -> Message:
        repository = open_at_once(InMemoryTaskRepository())
        await repository.add(ALICE, TaskDraft(title="Buy milk"), at=NOON)
        page = await repository.changes(ALICE, None, 10)
        tasks = TaskUseCases(repository, Clock(), Principal(ALICE, LATER), ALICE)
        last: Message = {}
        async with asyncio.timeout(10), LiveFeed(repository, tick_seconds=3600) as live_feed:

            async def stop_the_server_once(message: Message) -> None:
                nonlocal last
                last = message
                if message["type"] == "http.response.body" and not live_feed.closed:
                    live_feed.close()

            await ChangeStream(tasks, page, live_feed, LATER)({}, connected, stop_the_server_once)
        return last

    assert asyncio.run(scenario())["more_body"] is False


def test_a_reader_that_takes_nothing_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_stream, "SEND_SECONDS", 0.01)

    async def stick(message: Message) -> None:
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    sent = asyncio.run(stream(then=stick))

    assert [message["type"] for message in sent] == ["http.response.start"]


def test_a_reader_that_takes_nothing_is_cut_off_where_the_server_can(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_stream, "SEND_SECONDS", 0.01)
    cut = asyncio.Event()

    async def until_cut() -> Message:
        await cut.wait()
        return {"type": "http.disconnect"}

    async def stick(message: Message) -> None:
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    sent = asyncio.run(stream(until_cut, stick, scope={"state": {ABORT: cut.set}}))

    assert cut.is_set()
    assert [message["type"] for message in sent] == ["http.response.start"]


def test_a_reader_that_takes_nothing_is_cut_off_while_the_server_still_waits_for_answers_to_end() -> None:
    assert change_stream.SEND_SECONDS < SHUTDOWN_SECONDS - 1


def test_the_end_waits_for_a_reader_no_longer_than_an_event_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_stream, "SEND_SECONDS", 0.01)
    cut = asyncio.Event()

    async def until_cut() -> Message:
        await cut.wait()
        return {"type": "http.disconnect"}

    async def stick_at_the_end(message: Message) -> None:
        if message.get("more_body") is False:
            await asyncio.Event().wait()

    asyncio.run(stream(until_cut, stick_at_the_end, NOON, scope={"state": {ABORT: cut.set}}))

    assert cut.is_set()


def test_a_slow_reader_whose_token_ends_is_told_so_and_not_cut_off() -> None:
    cut = asyncio.Event()

    async def until_cut() -> Message:
        await cut.wait()
        return {"type": "http.disconnect"}

    async def take_only_the_end(message: Message) -> None:
        if message.get("more_body"):
            await asyncio.Event().wait()

    sent = asyncio.run(stream(until_cut, take_only_the_end, NOON, scope={"state": {ABORT: cut.set}}))

    assert not cut.is_set()
    assert sent[-1]["more_body"] is False


def test_a_quiet_stream_shows_that_it_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_stream, "HEARTBEAT_SECONDS", 0.001)
    beats = asyncio.Event()

    async def hang_up_after_a_beat() -> Message:
        await beats.wait()
        return {"type": "http.disconnect"}

    async def count(message: Message) -> None:
        if message.get("body") == b":\n\n":
            beats.set()

    sent = asyncio.run(stream(hang_up_after_a_beat, count))

    assert b":\n\n" in bodies(sent)


def test_a_stream_whose_feed_can_not_be_read_ends_and_can_be_resumed() -> None:
    scope: Scope = {}

    sent = asyncio.run(stream(repository=Failing(StorageUnavailable("not now")), scope=scope))

    assert len(bodies(sent)) == 3
    assert sent[-1]["more_body"] is False
    assert scope["error_code"] == "DATABASE_ERROR"


@pytest.mark.parametrize("unforeseen", [ZeroDivisionError(), TimeoutError()])
def test_what_nobody_foresaw_is_not_swallowed_by_a_stream(unforeseen: Exception) -> None:
    with pytest.raises(type(unforeseen)):
        asyncio.run(stream(repository=Failing(unforeseen)))
