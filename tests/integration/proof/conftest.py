from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.postgres import Postgres
from todo_adapters.sql.migrations import upgrade
from todo_adapters.sql.postgres.repository import PostgresTaskRepository
from todo_adapters.sql.sqlite.repository import SqliteTaskRepository
from todo_domain import TaskRepository


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def sqlite(anyio_backend: str, tmp_path: Path) -> AsyncIterator[TaskRepository]:  # noqa: ARG001 - runs it
    store = SqliteTaskRepository(tmp_path / "tasks.sqlite3")
    await store.open()
    yield store
    await store.close()


@pytest.fixture
async def postgresql(anyio_backend: str, postgres: Postgres) -> AsyncIterator[TaskRepository]:  # noqa: ARG001 - runs it
    with postgres.database() as url:
        upgrade(url)
        store = PostgresTaskRepository(url, checkout_seconds=30)
        await store.open()
        yield store
        await store.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def repository(request: pytest.FixtureRequest) -> TaskRepository:
    """A store of this test alone."""
    store: TaskRepository = request.getfixturevalue(request.param)
    return store
