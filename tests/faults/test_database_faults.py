"""The API while its database fails."""

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.integration.adapters.sql.postgres.proxy import Proxy
from tests.integration.server import running_server, settings_for
from tests.postgres import LocalPostgres, Postgres
from todo_adapters.sql.migrations import upgrade
from todo_adapters.sql.sqlite.file import connect_writer
from todo_api.container import Container
from todo_api.settings import Settings
from todo_domain import StorageUnavailable

READY = {"status": "ready", "reads": "ready", "writes": "ready", "keys": "ready"}
MILK = {"title": "Buy milk"}


@contextmanager
def client_of(database: Path | str, timeout_seconds: float = 5) -> Iterator[httpx.Client]:
    """Run a server on a database and yield the client of a user."""
    container = Container(settings=settings_for(database, database_timeout_seconds=timeout_seconds))
    with running_server(container) as server, server.client() as client:
        yield client


def ready(client: httpx.Client) -> httpx.Response:
    return client.get(client.base_url.join("/health/ready"))


def wait_until_ready(client: httpx.Client) -> None:
    give_up_at = time.monotonic() + 30
    while ready(client).json() != READY:
        assert time.monotonic() < give_up_at
        time.sleep(0.05)


def error_code(response: httpx.Response) -> str:
    assert response.status_code == 500
    return str(response.json()["error_code"])


@pytest.mark.parametrize("is_replaced", [False, True], ids=["deleted", "replaced"])
def test_a_server_whose_file_is_gone_is_not_ready_and_acknowledges_nothing(
    tmp_path: Path,
    is_replaced: bool,  # noqa: FBT001 - a parameter of pytest
) -> None:
    path = tmp_path / "tasks.db"
    with client_of(path) as client:
        assert client.post("/tasks", json=MILK).status_code == 201
        path.rename(tmp_path / "moved.db")
        if is_replaced:
            path.touch()

        assert error_code(client.post("/tasks", json=MILK)) == "DATABASE_ERROR"
        assert error_code(client.get("/tasks")) == "DATABASE_ERROR"
        state = ready(client)

    assert state.status_code == 503
    assert state.json() == READY | {"status": "unavailable", "reads": "unavailable", "writes": "unavailable"}
    assert not is_replaced or path.stat().st_size == 0


def test_the_timeout_of_the_database_ends_a_write_that_waits_for_a_lock(tmp_path: Path) -> None:
    path = tmp_path / "tasks.db"
    with client_of(path, timeout_seconds=0.1) as client, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        refused = client.post("/tasks", json=MILK)
        other.execute("ROLLBACK")

        assert error_code(refused) == "DATABASE_ERROR"
        assert client.get("/tasks").json()["count"] == 0
        assert client.post("/tasks", json=MILK).status_code == 201


@pytest.mark.anyio
async def test_the_timeout_of_the_database_applies_without_a_request_too(tmp_path: Path) -> None:
    container = Container(settings=settings_for(tmp_path / "tasks.db", database_timeout_seconds=0.1))
    async with container.task_repository() as store:
        with closing(sqlite3.connect(tmp_path / "tasks.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            async with asyncio.timeout(Settings.model_construct().database_timeout_seconds / 2):
                with pytest.raises(StorageUnavailable):
                    await store.renew_epoch(at=datetime.now(UTC))


def set_read_only(server: LocalPostgres, *, is_read_only: bool) -> None:
    with psycopg.connect(server.url, autocommit=True, options="-c default_transaction_read_only=off") as operator:
        operator.execute(f"ALTER SYSTEM SET default_transaction_read_only = {is_read_only}".encode())
        operator.execute("SELECT pg_reload_conf()")


def test_a_read_only_primary_serves_reads_and_is_ready_for_them(own_postgres: LocalPostgres) -> None:
    upgrade(own_postgres.url)
    with client_of(own_postgres.url) as client:
        assert client.post("/tasks", json=MILK).status_code == 201
        set_read_only(own_postgres, is_read_only=True)

        # Sessions learn the setting a moment later.
        written = (client.post("/tasks", json=MILK) for _ in range(1000))
        refused = next(response for response in written if response.status_code != 201)
        state = ready(client)
        assert error_code(refused) == "DATABASE_ERROR"
        assert (state.status_code, state.json()) == (200, READY | {"writes": "unavailable"})
        assert client.get("/tasks").status_code == 200

        set_read_only(own_postgres, is_read_only=False)
        wait_until_ready(client)
        assert client.post("/tasks", json=MILK).status_code == 201


def test_a_read_only_file_serves_reads_and_is_ready_for_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writers: list[sqlite3.Connection] = []

    def connect(path: Path, factory: type[sqlite3.Connection]) -> sqlite3.Connection:
        writers.append(connect_writer(path, factory))
        return writers[-1]

    monkeypatch.setattr("todo_adapters.sql.sqlite.open_file.connect_writer", connect)
    with client_of(tmp_path / "tasks.db") as client:
        assert client.post("/tasks", json=MILK).status_code == 201
        # SQLite then refuses to write, as it does on a file system that became read-only.
        writers[-1].execute("PRAGMA query_only = on")

        assert error_code(client.post("/tasks", json=MILK)) == "DATABASE_ERROR"
        state = ready(client)
        assert (state.status_code, state.json()) == (200, READY | {"writes": "unavailable"})
        assert client.get("/tasks").json()["count"] == 1

        writers[-1].execute("PRAGMA query_only = off")
        wait_until_ready(client)
        assert client.post("/tasks", json=MILK).status_code == 201


def test_a_demoted_server_is_not_ready(own_postgres: LocalPostgres) -> None:
    upgrade(own_postgres.url)
    with client_of(own_postgres.url) as client:
        assert client.post("/tasks", json=MILK).status_code == 201
        own_postgres.demote()

        assert error_code(client.get("/tasks")) == "DATABASE_ERROR"
        state = ready(client)

    assert (state.status_code, state.json()["reads"]) == (503, "unavailable")


@pytest.mark.anyio
async def test_readiness_does_not_wait_for_a_frozen_database(postgres: Postgres) -> None:
    with postgres.database() as url:
        upgrade(url)
        async with Proxy.before(url) as proxy:
            with client_of(proxy.url, timeout_seconds=60) as client:
                assert ready(client).json() == READY
                proxy.freeze()

                state = ready(client)

                assert state.status_code == 503
                assert state.json() == READY | {"status": "unavailable", "reads": "unavailable"}
                # Far less than the timeout of the database, even on a slow machine.
                assert state.elapsed.total_seconds() < 10
