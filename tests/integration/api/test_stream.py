"""The stream of changes (server-sent events)."""

import json
import logging
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
import pytest
from dependency_injector import providers

from tests.integration.server import IMPATIENT, Server, new_user, running_server, settings_for, token_of
from tests.postgres import Postgres
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_adapters.sql.migrations import upgrade
from todo_api.container import Container
from todo_api.streaming import change_stream
from todo_domain import ChangePage, FeedToken, TaskDraft, UserId


class Events:
    """The events of an open stream, in order of arrival."""

    def __init__(self, response: httpx.Response) -> None:
        self.lines = response.iter_lines()

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        token = ""
        for line in self.lines:
            name, _, value = line.partition(": ")
            if name == "id":
                token = value
            elif name == "data":
                yield token, json.loads(value)

    def next(self) -> tuple[str, Any]:
        return next(iter(self))


class Full(InMemoryTaskRepository):
    """A store in which alice has more data than all buffers hold."""

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        draft = TaskDraft(title="a", description="\U0001f600" * 1000)
        for _ in range(2000):
            await self.add(UserId("alice"), draft, at=datetime(2026, 1, 1, tzinfo=UTC))
        return self


class FullAtOnce(Full):
    """A full store that returns all changes on one page, after which a stream has nothing to send."""

    async def changes(self, user_id: UserId, since: FeedToken | None, limit: int, *kinds: Any) -> ChangePage:
        return await super().changes(user_id, since, limit * 1000, *kinds)


class Breaking(InMemoryTaskRepository):
    """A store whose feed fails after the first page."""

    async def changes(self, user_id: UserId, since: FeedToken | None, limit: int, *kinds: Any) -> ChangePage:
        if since:
            raise ZeroDivisionError
        return await super().changes(user_id, since, limit, *kinds)


def until(reached: Callable[[], bool]) -> None:
    """Wait until this is true; the long deadline is for slow machines."""
    deadline = time.monotonic() + 30
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@contextmanager
def stream(client: httpx.Client, headers: dict[str, str] | None = None, **parameters: str) -> Iterator[Events]:
    with client.stream("GET", "/changes/stream", headers=headers, params=parameters) as response:
        assert response.status_code == 200
        assert response.headers["Content-Type"].startswith("text/event-stream")
        yield Events(response)


def test_a_stream_starts_with_all_tasks_and_continues_with_new_changes(alice: httpx.Client) -> None:
    alice.post("/tasks", json={"title": "a"})

    with stream(alice) as events:
        first = events.next()
        created = alice.post("/tasks", json={"title": "b"})
        second = events.next()
        alice.delete("/tasks/1")
        third = events.next()

    assert first[1]["title"] == "a"
    assert second[1] == {**created.json(), "kind": "task"}
    assert third[1] == {"id": 1, "deleted": True, "revision": 3, "kind": "task"}


def test_the_id_of_an_event_is_a_token_of_the_feed(alice: httpx.Client) -> None:
    alice.post("/tasks", json={"title": "a"})
    with stream(alice) as events:
        token, _ = events.next()
    alice.post("/tasks", json={"title": "b"})

    page = alice.get("/changes", params={"since": token}).json()

    assert [change["title"] for change in page["changes"]] == ["b"]


@pytest.mark.parametrize("resume", ["Last-Event-ID", "since"])
def test_a_stream_resumes_after_the_given_token(alice: httpx.Client, resume: str) -> None:
    for title in "abc":
        alice.post("/tasks", json={"title": title})
    with stream(alice) as events:
        token, _ = events.next()

    headers, parameters = ({resume: token}, {}) if resume == "Last-Event-ID" else ({}, {resume: token})
    with stream(alice, headers, **parameters) as events:
        following = [events.next()[1]["title"], events.next()[1]["title"]]

    assert following == ["b", "c"]


def test_last_event_id_takes_precedence_over_since(alice: httpx.Client) -> None:
    for title in "abc":
        alice.post("/tasks", json={"title": title})
    first, second, _ = (f"{alice.get('/changes').json()['next'].partition('.')[0]}.{n}" for n in (1, 2, 3))

    with stream(alice, {"Last-Event-ID": second}, since=first) as events:
        _, change = events.next()

    assert change["title"] == "c"


def test_a_stream_has_only_the_changes_of_its_owner(alice: httpx.Client, bob: httpx.Client) -> None:
    with stream(alice) as events:
        bob.post("/tasks", json={"title": "secret"})
        alice.post("/tasks", json={"title": "mine"})
        _, change = events.next()

    assert change["title"] == "mine"


def test_a_stream_sends_a_change_made_through_another_server(postgres: Postgres) -> None:
    user = new_user()
    with ExitStack() as running:
        database = running.enter_context(postgres.database())
        upgrade(database)
        here, there = (
            running.enter_context(running_server(Container(settings=settings_for(database)))) for _ in range(2)
        )
        with here.client(user) as reader, there.client(user) as writer, stream(reader) as events:
            writer.post("/tasks", json={"title": "a"})

            _, change = events.next()

    assert change["title"] == "a"


def test_a_stream_ends_when_its_access_token_expires(server: Server) -> None:
    user = new_user()
    short = {"Authorization": f"Bearer {token_of(user, timedelta(seconds=1))}"}

    with server.client(user) as client, stream(client, short) as events:
        client.post("/tasks", json={"title": "a"})
        seen = [change["title"] for _, change in events]

    assert seen == ["a"]


def test_a_stream_without_changes_sends_heartbeats(alice: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_stream, "VERIFY_SECONDS", 0.01)

    with stream(alice) as events:
        beat = [next(events.lines) for _ in range(4)]

    assert beat == ["retry: 2000", "", ":", ""]


def test_streams_end_when_the_server_stops(tmp_path_factory: pytest.TempPathFactory) -> None:
    container = Container(settings=settings_for(tmp_path_factory.mktemp("end") / "tasks.sqlite3"))
    with running_server(container) as server, server.client() as client:
        client.post("/tasks", json={"title": "a"})
        with stream(client) as events:
            events.next()

            container.live_feed().close()
            rest = list(events)

    assert rest == []


@pytest.mark.parametrize(
    ("store", "lifetime"),
    [
        pytest.param(Full, timedelta(hours=1), id="while events are pending"),
        pytest.param(FullAtOnce, timedelta(seconds=1), id="while only the end is pending"),
    ],
)
def test_a_client_that_reads_nothing_is_disconnected(
    caplog: pytest.LogCaptureFixture, store: type[Full], lifetime: timedelta
) -> None:
    container = Container(settings=settings_for("never-opened.sqlite3"), task_repository=providers.Object(store()))
    with running_server(container, IMPATIENT) as server, socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.connect(("127.0.0.1", urlsplit(server.url).port))
        token = token_of("alice", lifetime)
        head = f"GET /api/alice/changes/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
        reader.sendall(head.encode())
        until(lambda: bool(server.connections))

        until(lambda: not server.connections)

    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_an_unexpected_error_ends_a_stream_and_is_logged_with_the_request_id(caplog: pytest.LogCaptureFixture) -> None:
    container = Container(settings=settings_for("never-opened.sqlite3"), task_repository=providers.Object(Breaking()))
    with (
        running_server(container) as server,
        server.client() as client,
        client.stream("GET", "/changes/stream") as response,
        pytest.raises(httpx.RemoteProtocolError),
    ):
        list(response.iter_lines())

    (logged,) = (record for record in caplog.records if record.getMessage() == "unexpected error")
    assert vars(logged)["fields"] == {"request_id": response.headers["X-Request-ID"]}
    assert logged.exc_info
    assert logged.exc_info[0] is ZeroDivisionError


@pytest.mark.parametrize("token", ["other.1", "{epoch}.7"])
def test_a_stream_from_an_expired_token_gets_410(alice: httpx.Client, token: str) -> None:
    epoch = alice.get("/changes").json()["next"].partition(".")[0]

    response = alice.get("/changes/stream", headers={"Last-Event-ID": token.format(epoch=epoch)})

    assert (response.status_code, response.json()["error_code"]) == (410, "CURSOR_EXPIRED")


@pytest.mark.parametrize("value", ["garbage", "1", "a.b.c", "é.1"])
def test_a_malformed_last_event_id_is_refused_and_named(alice: httpx.Client, value: str) -> None:
    response = alice.get("/changes/stream", headers=[(b"Last-Event-ID", value.encode("latin-1"))])

    assert response.status_code == 422
    assert [error["loc"] for error in response.json()["errors"]] == [["header", "Last-Event-ID"]]
