from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest

from tests.integration.adapters.sql.postgres.proxy import Proxy
from tests.postgres import Postgres
from todo_adapters.sql.migrations import upgrade
from todo_adapters.sql.sqlite.repository import SqliteTaskRepository


@pytest.fixture(scope="session")
def database_url(postgres: Postgres) -> Iterator[str]:
    """The URL of a database with the schema; every test uses its own users."""
    with postgres.database() as url:
        upgrade(url)
        yield url


@pytest.fixture
def limited_url(database_url: str) -> Iterator[str]:
    """The URL of a role without rights on the tables that may have three connections."""
    role = f"limited_{uuid4().hex}"
    with psycopg.connect(database_url, autocommit=True) as operator:
        operator.execute(f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 3".encode())
        url = urlsplit(database_url)
        yield url._replace(netloc=f"{role}@{url.hostname}:{url.port}").geturl()
        operator.execute(f"DROP ROLE {role}".encode())


@pytest.fixture
async def proxy(database_url: str, anyio_backend: str) -> AsyncIterator[Proxy]:  # noqa: ARG001 - runs this fixture
    async with Proxy.before(database_url) as running:
        yield running


@pytest.fixture
async def sqlite_repository(anyio_backend: str, tmp_path: Path) -> AsyncIterator[SqliteTaskRepository]:  # noqa: ARG001 - runs this fixture
    async with SqliteTaskRepository(tmp_path / "todo.db") as repository:
        yield repository


@pytest.fixture
def sqlite_path(tmp_path: Path) -> Path:
    """A file with the schema, which no process has open."""
    path = tmp_path / "todo.db"
    upgrade(f"sqlite:///{path}")
    return path
