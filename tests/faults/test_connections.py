"""The bounds of connections: their waits, their number, and what clients do not read."""

import asyncio
import logging
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from dependency_injector import providers

from tests.integration.api.raw_connections import exchange
from tests.integration.certificates import write_certificate
from tests.integration.cli.test_serve import Process
from tests.integration.server import IMPATIENT, Server, new_user, running_server, settings_for, token_of
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_api.container import Container
from todo_api.server import connections, uvicorn_protocol
from todo_api.server.connections import Limits
from todo_domain import Task, TaskNotFound, UserId

GET = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /api/%s/tasks HTTP/1.1\r\nHost: x\r\n%sContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
WIDE_TEXT = "x" * 1000
LONG = 20.0
"""Far more than any deadline of these tests."""


@contextmanager
def serving(home: Path, limits: Limits = IMPATIENT, **config: Any) -> Iterator[Server]:
    container = Container(settings=settings_for(home / "tasks.sqlite3"))
    with running_server(container, limits, **config) as server:
        yield server


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("impatient")) as server:
        yield server


def port_of(server: Server) -> int:
    return httpx.URL(server.url).port or 0


def connect(server: Server, *parts: bytes, receive_buffer: int = 0) -> socket.socket:
    connection = socket.socket()
    if receive_buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.settimeout(LONG)
    connection.connect(("127.0.0.1", port_of(server)))
    for part in parts:
        connection.sendall(part)
    return connection


def rest_of(connection: socket.socket) -> bytes:
    """Return what comes until the server closes."""
    received = b""
    try:
        while part := connection.recv(65536):
            received += part
    except ConnectionResetError:
        pass
    return received


def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONG
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def authorization(user: str) -> bytes:
    return b"Authorization: Bearer %s\r\n" % token_of(user).encode()


def incomplete_post() -> bytes:
    user = new_user()
    return POST % (user.encode(), authorization(user)) + b'{"title": '


def get(user: str, path: str) -> bytes:
    return b"GET /api/%s/%s HTTP/1.1\r\nHost: x\r\n%s\r\n" % (user.encode(), path.encode(), authorization(user))


def ended(caplog: pytest.LogCaptureFixture) -> dict[str, int]:
    """Return how many connections the log says were ended, by reason."""
    total: dict[str, int] = {}
    for record in caplog.records:
        if record.getMessage() == "connections ended":
            for reason, count in vars(record)["fields"]["counts"].items():
                total[reason] = total.get(reason, 0) + count
    return total


def test_a_connection_without_a_request_is_closed_after_the_keep_alive_time(impatient: Server) -> None:
    begun = time.monotonic()
    with connect(impatient) as connection:
        assert rest_of(connection) == b""

    assert time.monotonic() - begun >= IMPATIENT.keep_alive_seconds


def test_the_keep_alive_time_and_the_maximum_of_connections_are_settings(tmp_path: Path) -> None:
    process = Process(tmp_path, TODO_KEEP_ALIVE_SECONDS="0.1", TODO_MAX_CONNECTIONS="7", TODO_LOG_FORMAT="json")
    try:
        url = httpx.URL(process.url())
        with socket.create_connection((url.host, url.port or 0), timeout=LONG) as connection:
            assert rest_of(connection) == b""
    finally:
        process.kill()

    assert '"max_connections":7' in process.output


def test_each_response_begins_the_keep_alive_time_anew(impatient: Server) -> None:
    reply = exchange(port_of(impatient), GET, GET, GET, GET, pause=IMPATIENT.keep_alive_seconds / 2, responses=4)

    assert (reply.statuses, reply.closed) == ([200] * 4, False)


def test_a_head_has_a_deadline_from_its_first_byte(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    trickle = [GET[:20], *(bytes([byte]) for byte in GET[20:-2])]

    with serving(tmp_path) as server:
        reply = exchange(port_of(server), *trickle, pause=0.03)

    assert (reply.statuses, reply.closed) == ([408], True)
    assert b'"error_code":"REQUEST_TIMEOUT"' in reply.body
    assert ended(caplog) == {"head": 1}


def test_a_body_without_progress_is_refused(impatient: Server) -> None:
    reply = exchange(port_of(impatient), incomplete_post())

    assert (reply.statuses, reply.closed) == ([408], True)


def test_a_body_that_makes_progress_may_take_longer_than_the_deadline(impatient: Server) -> None:
    parts = [b" " * 5] * 18

    reply = exchange(port_of(impatient), incomplete_post(), *parts, pause=IMPATIENT.progress_seconds / 10)

    assert reply.statuses == [400]  # the body is complete, and not JSON


@pytest.mark.parametrize("fields", [b"Connection: close\r\n", b""])
def test_a_body_that_is_not_needed_is_read_for_a_bounded_time(impatient: Server, fields: bytes) -> None:
    reply = exchange(port_of(impatient), POST % (b"alice", fields), b"x", responses=2)

    assert (reply.statuses, reply.closed) == ([401], True)


@pytest.mark.parametrize("rest", [GET[:20], incomplete_post()])
def test_an_incomplete_request_does_not_end_the_response_before_it(impatient: Server, rest: bytes) -> None:
    with connect(impatient, get(new_user(), "changes/stream"), rest) as connection:
        connection.settimeout(3 * IMPATIENT.progress_seconds)

        with pytest.raises(TimeoutError):
            rest_of(connection)


class Slow(InMemoryTaskRepository):
    """A repository that finds out that a task is missing when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.is_released = False

    async def get(self, user_id: UserId, task_id: int) -> Task:
        del user_id
        while not self.is_released:  # noqa: ASYNC110 - a thread sets it
            await asyncio.sleep(0.001)
        raise TaskNotFound(task_id)


def test_a_head_that_begins_during_a_response_is_served_after_it() -> None:
    container = Container(settings=settings_for("never.sqlite3"), task_repository=providers.Object(store := Slow()))
    with running_server(container) as server, connect(server, get(new_user(), "tasks/1")) as connection:
        time.sleep(0.1)
        connection.sendall(GET[:20])
        time.sleep(0.1)
        store.is_released = True
        first = connection.recv(4096)

        connection.sendall(GET[20:])

        assert (first[:12], connection.recv(4096)[:12]) == (b"HTTP/1.1 404", b"HTTP/1.1 200")


def test_too_many_pipelined_requests_end_the_connection(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    many = GET * (uvicorn_protocol.MAX_PIPELINED + 2)

    with serving(tmp_path) as server, connect(server, get(new_user(), "changes/stream"), many) as connection:
        rest_of(connection)

    assert ended(caplog) == {"pipelined": 1}


def test_many_pipelined_requests_get_their_responses(impatient: Server) -> None:
    reply = exchange(port_of(impatient), GET * uvicorn_protocol.MAX_PIPELINED, responses=uvicorn_protocol.MAX_PIPELINED)

    assert reply.statuses == [200] * uvicorn_protocol.MAX_PIPELINED


@pytest.fixture
def certificate(tmp_path: Path) -> dict[str, Any]:
    files = {"ssl_certfile": tmp_path / "certificate.pem", "ssl_keyfile": tmp_path / "key.pem"}
    write_certificate(*files.values())
    return files


def test_a_tls_handshake_has_a_deadline(
    tmp_path: Path, certificate: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    with serving(tmp_path, **certificate) as server, connect(server) as connection:
        assert rest_of(connection) == b""

    assert ended(caplog) == {"handshake": 1}


def test_a_handshake_that_takes_long_makes_room(
    tmp_path: Path, certificate: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "GRACE_SECONDS", 0.05)
    limits = replace(IMPATIENT, connections=1, progress_seconds=LONG)
    with serving(tmp_path, limits, **certificate) as server, connect(server) as silent, connect(server):
        assert rest_of(silent) == b""


def test_a_server_that_stops_ends_handshakes(tmp_path: Path, certificate: dict[str, Any]) -> None:
    with serving(tmp_path, replace(IMPATIENT, progress_seconds=LONG), **certificate) as server:
        connection = connect(server)
        begun = time.monotonic()

    assert rest_of(connection) == b""
    assert time.monotonic() - begun < LONG
    connection.close()


def test_at_the_maximum_the_connection_that_is_idle_longest_is_closed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    limits = replace(IMPATIENT, connections=3, keep_alive_seconds=LONG)
    with serving(tmp_path, limits) as server, ExitStack() as clients:
        oldest, second, third = (clients.enter_context(connect(server, GET)) for _ in range(3))
        for connection in (oldest, second, third):
            connection.recv(4096)
        oldest.sendall(GET)
        oldest.recv(4096)

        newest = clients.enter_context(connect(server, GET))

        assert newest.recv(4096).startswith(b"HTTP/1.1 200")
        assert rest_of(second) == b""
        for connection in (oldest, third):
            connection.sendall(GET)
            assert connection.recv(4096).startswith(b"HTTP/1.1 200")

    assert ended(caplog) == {"maximum": 1}


def test_at_the_maximum_an_incomplete_head_makes_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "GRACE_SECONDS", 0.05)
    limits = replace(IMPATIENT, connections=2, progress_seconds=LONG)
    with serving(tmp_path, limits) as server, connect(server, get(new_user(), "changes/stream")) as busy:
        assert busy.recv(4096).startswith(b"HTTP/1.1 200")
        with connect(server, GET[:20]) as slow, connect(server, GET) as newest:
            assert newest.recv(4096).startswith(b"HTTP/1.1 200")
            assert rest_of(slow) == b""


def test_at_the_maximum_incomplete_heads_displace_no_client(tmp_path: Path) -> None:
    limits = replace(IMPATIENT, connections=3, keep_alive_seconds=LONG, progress_seconds=LONG)
    with serving(tmp_path, limits) as server, connect(server, GET) as client, ExitStack() as attackers:
        assert client.recv(4096).startswith(b"HTTP/1.1 200")
        for _ in range(20):
            attackers.enter_context(connect(server, GET[:20]))

        client.sendall(GET)

        assert client.recv(4096).startswith(b"HTTP/1.1 200")


def test_at_the_maximum_of_busy_connections_a_new_one_waits(tmp_path: Path) -> None:
    limits = replace(IMPATIENT, connections=1)
    with serving(tmp_path, limits) as server, connect(server, get(new_user(), "changes/stream")) as busy:
        assert busy.recv(4096).startswith(b"HTTP/1.1 200")
        with connect(server, GET) as waiting:
            waiting.settimeout(0.2)
            with pytest.raises(TimeoutError):
                waiting.recv(4096)
            waiting.settimeout(LONG)

            busy.close()

            assert waiting.recv(4096).startswith(b"HTTP/1.1 200")


def fill(server: Server, user: str, count: int) -> None:
    """Create tasks whose list is larger than what the system buffers for a client that does not read."""
    with server.client(user) as client:
        task = {"title": "a", "description": WIDE_TEXT}
        for _ in range(count // 100):
            operations = [{"op": "create", "task": task}] * 100
            client.post("/tasks/batch", json={"operations": operations}).raise_for_status()


def test_a_response_that_is_not_read_is_aborted_and_one_that_is_read_slowly_is_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(connections, "LOG_SECONDS", 0)
    limits = replace(IMPATIENT, progress_seconds=1.5, close_seconds=0.01)
    page = "tasks?limit=500"
    with serving(tmp_path, limits) as server:
        fill(server, user := new_user(), 500)
        closing = get(user, page).replace(b"Host: x", b"Host: x\r\nConnection: close")
        # Pipelined, as the system buffers more than one.
        with (
            connect(server, get(user, page) * 30, receive_buffer=4096) as stuck,
            connect(server, get(user, page) * 9 + closing, receive_buffer=16384) as slow,
        ):
            received = b""
            begun = time.monotonic()
            while part := slow.recv(16384):
                received += part
                time.sleep(0.001)
            took = time.monotonic() - begun
            until(lambda: bool(ended(caplog)))
            assert len(rest_of(stuck)) > 0

    assert received.count(b"HTTP/1.1 200") == 10
    assert received.endswith(b"}")
    assert took > limits.close_seconds
    assert ended(caplog) == {"unread": 1}


def test_above_the_bound_of_the_memory_large_unread_responses_are_aborted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "LOG_SECONDS", 0)
    limits = replace(IMPATIENT, progress_seconds=LONG, held_bytes=1_500_000)
    with serving(tmp_path, limits) as server, ExitStack() as clients:
        fill(server, user := new_user(), 500)
        whole = clients.enter_context(connect(server, get(user, "tasks") * 30, receive_buffer=4096))
        for _ in range(3):
            clients.enter_context(connect(server, get(user, "tasks?limit=500") * 30, receive_buffer=4096))

        until(lambda: ended(caplog).get("memory", 0) > 0)

        assert whole.recv(4096).startswith(b"HTTP/1.1 200")
