"""A list without `limit` has all tasks; the server reads them while it sends them."""

import asyncio
import itertools
import logging
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
import pytest
from dependency_injector import providers

from tests.integration.api.problems import refusal
from tests.integration.server import IMPATIENT, LIMITS, Server, running_server, settings_for, token_of
from tests.postgres import Postgres
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_adapters.sql.migrations import upgrade
from todo_api.container import Container
from todo_api.server.connections import Limits
from todo_domain import StorageUnavailable, Task, TaskDraft, TaskPage, TaskQuery, UserId

ALICE = UserId("alice")
NOON = datetime(2026, 1, 1, tzinfo=UTC)
SORTS = [f"{sign}{name}" for name in ("created_at", "updated_at", "due", "priority", "title") for sign in ("", "-")]


class Full(InMemoryTaskRepository):
    """A store in which alice has more data than all buffers hold."""

    def __init__(self) -> None:
        super().__init__()
        self.chunks = 0

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        for _ in range(1000):
            await self.add(ALICE, TaskDraft(title="a", description="\U0001f600" * 1000), at=NOON)
        return self

    async def get_many(self, user_id: UserId, task_ids: Sequence[int]) -> Sequence[Task]:
        self.chunks += 1
        return await super().get_many(user_id, task_ids)


class FailsAtOnce(Full):
    async def get_many(self, _: UserId, __: Sequence[int]) -> Sequence[Task]:
        raise StorageUnavailable("gone")


class FailsMidway(Full):
    async def get_many(self, user_id: UserId, task_ids: Sequence[int]) -> Sequence[Task]:
        if self.chunks == 3:
            raise StorageUnavailable("gone")
        return await super().get_many(user_id, task_ids)


class ListsNothing(Full):
    async def list(self, _: UserId, __: TaskQuery) -> TaskPage:
        raise AssertionError("a 304 must not read the list")


def serving(store: Full, limits: Limits = LIMITS) -> Any:
    container = Container(settings=settings_for("never.sqlite3"), task_repository=providers.Object(store))
    return running_server(container, limits)


def until(reached: Any) -> None:
    deadline = time.monotonic() + 30
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def any_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    if request.param == "sqlite":
        yield request.getfixturevalue("server")
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    with postgres.database() as url:
        upgrade(url)
        with running_server(Container(settings=settings_for(url))) as running:
            yield running


def fill(client: httpx.Client, count: int, **fields: Any) -> None:
    """Add tasks: every order has ties, and some tasks have no due."""
    for start in range(0, count, 100):
        operations = [
            {
                "op": "create",
                "task": {
                    "title": f"{number % 7} {number}",
                    "priority": ("low", "medium", "high")[number % 3],
                    "due": {"date": f"2026-06-{1 + number % 20:02}"} if number % 4 else None,
                    **fields,
                },
            }
            for number in range(start, min(start + 100, count))
        ]
        assert client.post("/tasks/batch", json={"operations": operations}).status_code == 200


@pytest.mark.parametrize("sort", SORTS)
def test_a_whole_list_has_the_same_tasks_and_order_as_its_pages(any_server: Server, sort: str) -> None:
    with any_server.client() as client:
        fill(client, 101)

        whole = client.get("/tasks", params={"sort": sort}).json()

        page = client.get("/tasks", params={"sort": sort, "limit": 101}).json()
    assert (whole["count"], whole["next_cursor"], whole["revision"]) == (101, None, 101)
    assert whole["tasks"] == page["tasks"]


@pytest.mark.parametrize("count", [0, 1, 49, 50, 51, 100, 150])
def test_a_whole_list_has_all_tasks_whatever_their_number(any_server: Server, count: int) -> None:
    with any_server.client() as client:
        fill(client, count)

        whole = client.get("/tasks").json()

    assert list(whole) == ["tasks", "count", "next_cursor", "revision"]
    assert [task["id"] for task in whole["tasks"]] == list(range(1, count + 1))
    assert (whole["count"], whole["revision"]) == (count, count)


def test_a_cursor_without_a_limit_returns_the_rest(alice: httpx.Client) -> None:
    fill(alice, 120)
    cursor = alice.get("/tasks", params={"limit": 10, "sort": "title"}).json()["next_cursor"]

    rest = alice.get("/tasks", params={"cursor": cursor, "sort": "title"}).json()

    assert (rest["count"], rest["next_cursor"]) == (110, None)


def test_a_filter_applies_to_a_whole_list(alice: httpx.Client) -> None:
    fill(alice, 150)

    found = alice.get("/tasks", params={"priority": "low"}).json()

    assert found["count"] == 50
    assert {task["priority"] for task in found["tasks"]} == {"low"}


def test_a_304_for_a_list_needs_only_its_revision() -> None:
    with serving(ListsNothing()) as server, server.client("alice") as client:
        revision = client.get("/changes", params={"limit": 1}).json()["next"].split(".")[-1]
        tag = f'W/"{revision}-00000000"'

        known = client.get("/tasks", headers={"If-None-Match": tag})

    assert (known.status_code, known.headers["ETag"], known.content) == (304, tag, b"")


@pytest.fixture
def slow_reading(any_server: Server, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Delay the server after two chunks of a list until the event is set."""
    store, resumed, calls = any_server.container.task_repository(), threading.Event(), itertools.count()
    get_many = store.get_many

    async def read_slowly(user_id: UserId, task_ids: Sequence[int]) -> Sequence[Task]:
        if next(calls) > 1:
            assert await asyncio.to_thread(resumed.wait, 30)
        chunk: Sequence[Task] = await get_many(user_id, task_ids)
        return chunk

    monkeypatch.setattr(store, "get_many", read_slowly)
    return resumed


@pytest.mark.parametrize("sort", SORTS)
def test_concurrent_writes_neither_skip_nor_repeat_a_task_that_still_exists(
    any_server: Server, sort: str, slow_reading: threading.Event
) -> None:
    moved, deleted = set(range(1, 301, 11)), set(range(2, 301, 11))
    with any_server.client() as client:
        fill(client, 300)
        with client.stream("GET", "/tasks", params={"sort": sort}) as response:
            parts = response.iter_raw()
            content = next(parts)
            elsewhere = {"title": "zz", "priority": "high", "due": None, "tags": ["moved"]}
            operations = [{"op": "patch", "id": task_id, "task": elsewhere} for task_id in moved]
            operations += [{"op": "delete", "id": task_id} for task_id in deleted]
            client.post("/tasks/batch", json={"operations": operations})
            fill(client, 20)
            slow_reading.set()
            content += b"".join(parts)

    whole = httpx.Response(200, content=content).json()
    ids = [task["id"] for task in whole["tasks"]]
    assert len(ids) == len(set(ids)) == whole["count"]
    assert set(range(1, 301)) - deleted <= set(ids) < set(range(1, 301))
    assert any(task["tags"] for task in whole["tasks"])
    assert whole["revision"] == 300


def test_a_failure_before_the_first_task_is_an_ordinary_problem() -> None:
    with serving(FailsAtOnce()) as server, server.client("alice") as client:
        response = client.get("/tasks")

    assert refusal(response) == (500, "DATABASE_ERROR")


def test_a_failure_midway_aborts_the_connection_and_never_closes_the_json(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "todo_api.requests")
    with serving(FailsMidway()) as server, begin_to_read(server) as reader:
        content = b"".join(received(reader))

    assert b'{"tasks":[{' in content
    assert b'"count"' not in content
    (line,) = (vars(record)["fields"] for record in caplog.records if record.name == "todo_api.requests")
    assert (line["status"], line["error_code"]) == (200, "DATABASE_ERROR")


def received(reader: socket.socket) -> Iterator[bytes]:
    with suppress(ConnectionResetError):
        while part := reader.recv(65536):
            yield part


def begin_to_read(server: Server) -> socket.socket:
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    reader.connect(("127.0.0.1", urlsplit(server.url).port))
    head = f"GET /api/alice/tasks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token_of('alice')}\r\n\r\n"
    reader.sendall(head.encode())
    return reader


def test_a_client_that_half_closes_while_it_reads_gets_the_whole_list() -> None:
    with serving(Full()) as server, begin_to_read(server) as reader:
        content = reader.recv(100)
        reader.shutdown(socket.SHUT_WR)
        content += b"".join(received(reader))

    assert b'"count":1000,' in content
    assert content.endswith(b"\r\n0\r\n\r\n")


def test_a_client_that_reads_nothing_is_disconnected(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "todo_api.requests")
    with serving(store := Full(), IMPATIENT) as server, begin_to_read(server):
        until(lambda: store.chunks)
        until(lambda: not server.connections)

    (line,) = (vars(record)["fields"] for record in caplog.records if record.name == "todo_api.requests")
    assert line["error_code"] == "CLIENT_TOO_SLOW"


def test_reading_stops_when_the_client_disconnects(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "todo_api.requests")
    with serving(store := Full()) as server:
        with begin_to_read(server) as reader:
            until(lambda: store.chunks)
            reader.recv(100)
        until(lambda: not server.connections)
        until(lambda: caplog.records)

    assert store.chunks < 20
    assert [vars(record)["fields"]["error_code"] for record in caplog.records] == ["CLIENT_DISCONNECTED"]
