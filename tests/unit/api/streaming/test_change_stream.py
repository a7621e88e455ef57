"""The end of a stream of changes, and the timeouts of its client."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from starlette.types import Message, Scope

from tests.opening import open_at_once
from tests.unit.domain.strategies import ALICE, NOON
from tests.usage import without_bounds
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_api.streaming import change_stream
from todo_api.streaming.change_stream import ChangeStream
from todo_api.streaming.live_feed import LiveFeed
from todo_domain import (
    TASKS,
    ChangePage,
    CursorExpired,
    FeedToken,
    Kind,
    Principal,
    StorageUnavailable,
    TaskDraft,
    TaskUseCases,
    TokenRejected,
    UserId,
)

LATER = datetime(9999, 1, 1, tzinfo=UTC)


class Clock:
    def now(self) -> datetime:
        return NOON


class Failing(InMemoryTaskRepository):
    """A repository whose feed can't be read."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    async def changes(self, *args: object) -> object:  # type: ignore[override]  # the arguments do not matter here
        del args
        raise self._error


class Counting(InMemoryTaskRepository):
    """A repository that counts how many pages of the feed are read at the same time."""

    reading = most = 0

    async def changes(
        self, user_id: UserId, since: FeedToken | None, limit: int, kinds: frozenset[Kind] = TASKS
    ) -> ChangePage:
        self.reading += 1
        self.most = max(self.most, self.reading)
        for _ in range(5):
            await asyncio.sleep(0)
        self.reading -= 1
        return await super().changes(user_id, since, limit, kinds)


async def stay_connected() -> Message:
    await asyncio.Event().wait()
    raise AssertionError


async def disconnect() -> Message:
    return {"type": "http.disconnect"}


async def nothing(_message: Message) -> None:
    """Accept a message at once."""


async def valid() -> None:
    """Verify a token that is always valid."""


async def stream(  # noqa: PLR0913 - what a stream depends on, passed by name
    receive: Callable[[], Awaitable[Message]] = stay_connected,
    then: Callable[[Message], Awaitable[None]] = nothing,
    *,
    until: datetime = LATER,
    repository: InMemoryTaskRepository | None = None,
    scope: Scope | None = None,
    verify: Callable[[], Awaitable[object]] = valid,
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
        await ChangeStream(tasks, page, live_feed, without_bounds(), until=until, verify=verify)(
            {} if scope is None else scope, receive, send
        )
    return sent


def bodies(sent: list[Message]) -> list[bytes]:
    return [message["body"] for message in sent if message["type"] == "http.response.body"]


def test_a_stream_ends_when_its_client_disconnects() -> None:
    async def after_a_moment() -> Message:
        await asyncio.sleep(0.01)
        return {"type": "http.disconnect"}

    sent = asyncio.run(stream(after_a_moment))

    assert [body.partition(b"\n")[0][-2:] for body in bodies(sent)[1:]] == [b".1"]


def test_a_stream_first_says_when_to_reconnect() -> None:
    sent = asyncio.run(stream(until=datetime.now(UTC) + timedelta(milliseconds=50)))

    assert bodies(sent)[0] == b"retry: 2000\n\n"


def test_a_stream_ends_when_its_token_expires() -> None:
    soon = datetime.now(UTC) + timedelta(milliseconds=50)

    sent = asyncio.run(stream(until=soon))

    assert bodies(sent)[-1] == b""
    assert sent[-1]["more_body"] is False


def test_a_stream_with_an_expired_token_ends_at_once() -> None:
    sent = asyncio.run(stream(until=NOON - timedelta(days=400_000)))

    assert sent[-1]["more_body"] is False


def test_a_stream_ends_with_the_server_even_if_a_page_is_being_sent() -> None:
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

            await ChangeStream(tasks, page, live_feed, without_bounds(), until=LATER, verify=valid)(
                {}, stay_connected, stop_the_server_once
            )
        return last

    assert asyncio.run(scenario())["more_body"] is False


def test_a_stream_without_changes_sends_heartbeats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_stream, "VERIFY_SECONDS", 0.001)
    beats = asyncio.Event()

    async def disconnect_after_a_heartbeat() -> Message:
        await beats.wait()
        return {"type": "http.disconnect"}

    async def count(message: Message) -> None:
        if message.get("body") == b":\n\n":
            beats.set()

    sent = asyncio.run(stream(disconnect_after_a_heartbeat, count))

    assert b":\n\n" in bodies(sent)


def test_a_stream_ends_when_its_token_is_revoked_even_if_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_stream, "VERIFY_SECONDS", 0.001)
    scope: Scope = {}
    verified = iter(range(4))

    async def verify() -> None:
        if next(verified) == 3:
            raise TokenRejected("there is no such access token")

    sent = asyncio.run(stream(scope=scope, verify=verify))

    assert sent[-1]["more_body"] is False
    assert scope["error_code"] == "AUTH_INVALID"


def test_a_stream_of_an_erased_user_ends_because_its_feed_cannot_be_continued() -> None:
    scope: Scope = {}

    async def refuse() -> None:
        raise TokenRejected("everything of the user was erased after the token was issued")

    asyncio.run(stream(repository=Failing(CursorExpired()), scope=scope, verify=refuse))

    assert scope["error_code"] == "CURSOR_EXPIRED"


def test_a_stream_whose_feed_cannot_be_read_ends_and_can_be_resumed() -> None:
    scope: Scope = {}

    sent = asyncio.run(stream(repository=Failing(StorageUnavailable("not now")), scope=scope))

    assert len(bodies(sent)) == 3
    assert sent[-1]["more_body"] is False
    assert scope["error_code"] == "DATABASE_ERROR"


@pytest.mark.parametrize("error", [ZeroDivisionError(), TimeoutError()])
def test_a_stream_does_not_hide_unexpected_errors(error: Exception) -> None:
    with pytest.raises(type(error)):
        asyncio.run(stream(repository=Failing(error)))


def test_streams_of_one_user_read_one_page_at_a_time() -> None:
    async def scenario() -> int:
        repository = open_at_once(Counting())
        for _ in range(5):
            await repository.add(ALICE, TaskDraft(title="Buy milk"), at=NOON)
        tasks = TaskUseCases(repository, Clock(), Principal(ALICE, LATER), ALICE)
        usage, first = without_bounds(), await repository.changes(ALICE, None, 1)
        ended = asyncio.Event()

        async def send(message: Message) -> None:
            if b".5" in message.get("body", b""):
                ended.set()

        async def disconnect_at_the_end() -> Message:
            await ended.wait()
            return {"type": "http.disconnect"}

        async with asyncio.timeout(30), LiveFeed(repository) as live_feed:
            await asyncio.gather(
                *(
                    ChangeStream(tasks, first, live_feed, usage, until=LATER, verify=valid)(
                        {}, disconnect_at_the_end, send
                    )
                    for _ in range(3)
                )
            )
        return repository.most

    assert asyncio.run(scenario()) == 1
