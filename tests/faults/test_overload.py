"""A database that does not keep up: requests are refused at once, and those of clients that have gone do not run."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.integration.api.problems import refusal
from tests.integration.server import Server, new_user, running_server, settings_for
from tests.postgres import Postgres
from todo_adapters.sql.migrations import upgrade
from todo_adapters.sql.sqlite.file import connect_writer
from todo_api.container import Container


@pytest.fixture(scope="module")
def database_url(postgres: Postgres) -> Iterator[str]:
    with postgres.database() as url:
        upgrade(url)
        yield url


@pytest.fixture(scope="module")
def server(database_url: str) -> Iterator[Server]:
    """A server with one connection to the database."""
    settings = settings_for(database_url, database_connections=1, database_timeout_seconds=4)
    with running_server(Container(settings=settings)) as running:
        yield running


@contextmanager
def stopped(database_url: str) -> Iterator[psycopg.Connection]:
    """Let no statement on tasks proceed."""
    with psycopg.connect(database_url) as connection:
        connection.execute("LOCK TABLE tasks, task_lists IN ACCESS EXCLUSIVE MODE")
        yield connection


class Requests:
    """Requests of different users, each in a thread of its own."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._threads: list[threading.Thread] = []
        self.responses: dict[str, httpx.Response] = {}

    def send(self, user_id: str, timeout: float = 30) -> threading.Thread:
        def send() -> None:
            with self._server.client(user_id) as client, suppress(httpx.TimeoutException):
                self.responses[user_id] = client.post("/tasks", json={"title": "a"}, timeout=timeout)

        thread = threading.Thread(target=send)
        self._threads.append(thread)
        thread.start()
        return thread

    def join(self) -> None:
        for thread in self._threads:
            thread.join()


def wait_until_it_runs(connection: psycopg.Connection) -> None:
    """Wait until the server's statement waits for the lock."""
    while connection.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone() != (1,):
        time.sleep(0.01)


def first_response(server: Server) -> httpx.Response:
    """Return the first response that comes within a moment; each request is that of another user."""
    while True:
        with server.client(new_user()) as client, suppress(httpx.TimeoutException):
            return client.post("/tasks", json={"title": "a"}, timeout=0.1)


def test_a_stopped_database_refuses_new_requests_at_once(server: Server, database_url: str) -> None:
    running, waiting = new_user(), new_user()
    requests = Requests(server)
    with stopped(database_url) as connection:
        requests.send(running)
        wait_until_it_runs(connection)
        requests.send(waiting)
        response = first_response(server)

    requests.join()
    assert refusal(response) == (503, "OVERLOADED")
    assert response.headers["Retry-After"] == "1"
    assert [requests.responses[user].status_code for user in (running, waiting)] == [201, 201]


def test_the_request_of_a_client_that_has_gone_never_runs(server: Server, database_url: str) -> None:
    running, gone, waiting = (new_user() for _ in range(3))
    requests = Requests(server)
    with stopped(database_url) as connection:
        requests.send(running)
        wait_until_it_runs(connection)
        requests.send(gone, timeout=0.1).join()
        requests.send(waiting)

    requests.join()
    with server.client(gone) as client:
        assert client.get("/tasks").json()["revision"] == 0
    assert requests.responses.keys() == {running, waiting}


def test_a_locked_file_refuses_new_writes_at_once_and_drops_those_of_clients_that_have_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = tmp_path / "tasks.db"
    container = Container(settings=settings_for(database, database_timeout_seconds=4))
    running, gone, reading = (new_user() for _ in range(3))
    has_begun = threading.Event()

    def connect_and_trace(path: Path, factory: type[sqlite3.Connection]) -> sqlite3.Connection:
        connection = connect_writer(path, factory)
        connection.set_trace_callback(lambda _: has_begun.set())
        return connection

    monkeypatch.setattr("todo_adapters.sql.sqlite.open_file.connect_writer", connect_and_trace)
    with running_server(container) as server:
        requests = Requests(server)
        with closing(sqlite3.connect(database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            has_begun.clear()
            requests.send(running)
            has_begun.wait()
            requests.send(gone, timeout=0.1).join()
            response = first_response(server)
            with server.client(reading) as client:
                assert client.get("/tasks").status_code == 200
        requests.join()

        assert refusal(response) == (503, "OVERLOADED")
        assert response.headers["Retry-After"] == "1"
        assert requests.responses[running].status_code == 201
        with server.client(gone) as client:
            assert client.get("/tasks").json()["revision"] == 0


def test_no_response_is_later_than_the_deadline(server: Server, database_url: str) -> None:
    users = [new_user() for _ in range(3)]
    requests = Requests(server)
    with stopped(database_url):
        for user in users:
            requests.send(user)
        requests.join()

    problems = sorted(refusal(response) for response in requests.responses.values())
    assert len(problems) == 3
    assert set(problems) <= {(500, "DATABASE_ERROR"), (503, "OVERLOADED")}
    assert all(response.elapsed.total_seconds() < 10 for response in requests.responses.values())
