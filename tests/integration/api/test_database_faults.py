"""The API while its database fails."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from tests.integration.server import running_server, settings_for
from todo_api.container import Container

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
