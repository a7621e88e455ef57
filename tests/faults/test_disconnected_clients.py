"""A read whose client has disconnected ends, long before its deadline, and frees what it used."""

import asyncio
import logging
import socket
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.integration.api.problems import refusal
from tests.integration.server import Server, new_user, running_server, settings_for, token_of
from tests.postgres import Postgres
from todo_adapters.sql.migrations import upgrade
from todo_api.container import Container

# Longer than a test waits.
DEADLINE_SECONDS = 60
READER_THREADS = 2
ABANDONED = ("GET", 0, "CLIENT_DISCONNECTED")


def begin(server: Server, method: str, user_id: str) -> socket.socket:
    """Send a request for a user's list, and return the connection."""
    connection = socket.create_connection(("127.0.0.1", urlsplit(server.url).port or 0), timeout=DEADLINE_SECONDS)
    head = (
        f"{method} /api/{user_id}/tasks?limit=10 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token_of(user_id)}\r\n"
    )
    connection.sendall(f"{head}\r\n".encode())
    return connection


def until(is_true: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + DEADLINE_SECONDS / 2
    while not is_true():
        assert time.monotonic() < give_up_at
        time.sleep(0.01)


def logged(caplog: pytest.LogCaptureFixture) -> list[tuple[Any, ...]]:
    """Return the lines of the log: of requests these fields, and of anything else the text."""
    return [
        tuple(record.__dict__["fields"][name] for name in ("method", "status", "error_code"))
        if record.name == "todo_api.requests"
        else (record.getMessage(),)
        for record in caplog.records
        if record.name == "todo_api.requests" or record.levelno > logging.INFO
    ]


@pytest.fixture(autouse=True)
def _no_purge(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no purge wait for a lock or an endless read: it would keep what the test wants to see free."""

    async def purge_never(_: Container) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr("todo_api.server.store_opening.purge_hourly", purge_never)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_postgresql_stops_the_statement_of_a_client_that_has_gone(
    postgres: Postgres, caplog: pytest.LogCaptureFixture, method: str
) -> None:
    caplog.set_level(logging.INFO, "todo_api.requests")
    with postgres.database() as url, psycopg.connect(url, autocommit=True) as observer:
        upgrade(url)

        def is_waiting() -> bool:
            waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            return bool(observer.execute(waiting).fetchall())

        settings = settings_for(url, database_connections=1, database_timeout_seconds=DEADLINE_SECONDS)
        with running_server(Container(settings=settings)) as server:
            with psycopg.connect(url) as other:
                other.execute("LOCK TABLE tasks, task_lists IN ACCESS EXCLUSIVE MODE")
                with begin(server, method, new_user()):
                    until(is_waiting)
                until(lambda: not is_waiting())
            with server.client() as client:  # the only connection is free
                assert client.get("/tasks?limit=10").status_code == 200

    assert logged(caplog) == [(method, 0, "CLIENT_DISCONNECTED"), ("GET", 200, None)]


def let_reads_take(database: Path, steps: int) -> None:
    """Replace the table of tasks by a view that needs this number of steps."""
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(f"""
            DROP VIEW IF EXISTS tasks;
            CREATE VIEW tasks AS
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {steps})
            SELECT stored.* FROM n CROSS JOIN stored WHERE n.i < 0
        """)


def test_a_read_that_never_ends_does_not_delay_the_end_of_the_server(tmp_path: Path) -> None:
    database = tmp_path / "tasks.db"
    settings = settings_for(database, database_timeout_seconds=DEADLINE_SECONDS)
    with ThreadPoolExecutor() as threads:
        with running_server(Container(settings=settings), finish_seconds=0.2) as server:
            client = server.client()
            client.post("/tasks", json={"title": "Buy milk"}).raise_for_status()
            with closing(sqlite3.connect(database)) as connection:
                connection.execute("ALTER TABLE tasks RENAME TO stored")
            let_reads_take(database, 1 << 60)
            reading = threads.submit(client.get, "/tasks?limit=10")
            until(lambda: any(thread.name.startswith("sqlite-reader") for thread in threading.enumerate()))
            begun = time.monotonic()

        response = reading.result(DEADLINE_SECONDS)
        client.close()

    assert refusal(response) == (503, "SERVER_STOPPING")
    assert time.monotonic() - begun < DEADLINE_SECONDS / 6


def test_sqlite_ends_the_reads_of_clients_that_have_gone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "todo_api.requests")
    database = tmp_path / "tasks.db"
    settings = settings_for(database, database_timeout_seconds=DEADLINE_SECONDS)
    with running_server(Container(settings=settings)) as server:
        users = [new_user() for _ in range(READER_THREADS)]  # a user gets one thread
        for user_id in users:
            with server.client(user_id) as client:
                assert client.post("/tasks", json={"title": "Buy milk"}).status_code == 201
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("ALTER TABLE tasks RENAME TO stored")
        let_reads_take(database, 1 << 60)
        for user_id in users:
            begin(server, "GET", user_id).close()
        until(lambda: logged(caplog).count(ABANDONED) == READER_THREADS)
        let_reads_take(database, 300_000)
        with server.client(user_id) as client:
            assert client.get("/tasks?limit=10").status_code == 200

    assert logged(caplog) == [
        *[("POST", 201, None)] * READER_THREADS,
        *[ABANDONED] * READER_THREADS,
        ("GET", 200, None),
    ]
