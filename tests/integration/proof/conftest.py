from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.postgres import Postgres
from todo_adapters.sql.migrations import upgrade
from todo_adapters.sql.postgres.repository import PostgresTaskRepository
from todo_adapters.sql.sqlite.repository import SqliteTaskRepository
from todo_domain import TaskRepository


@pytest.fixture
async def sqlite(anyio_backend: str, tmp_path: Path) -> AsyncIterator[TaskRepository]:  # noqa: ARG001 - runs it
    async with SqliteTaskRepository(tmp_path / "tasks.sqlite3") as store:
        yield store


@pytest.fixture
async def postgresql(anyio_backend: str, postgres: Postgres) -> AsyncIterator[TaskRepository]:  # noqa: ARG001 - runs it
    with postgres.database() as url:
        upgrade(url)
        async with PostgresTaskRepository(url, timeout_seconds=30) as store:
            yield store


@pytest.fixture(params=["sqlite", "postgresql"])
def repository(request: pytest.FixtureRequest) -> TaskRepository:
    """A store for one test."""
    store: TaskRepository = request.getfixturevalue(request.param)
    return store
