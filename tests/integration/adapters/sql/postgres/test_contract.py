"""The promises of the ports, kept on a real PostgreSQL server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import pytest

from todo_adapters.contract import OpenRepository, TaskRepositoryContract
from todo_adapters.sql.postgres.repository import PostgresTaskRepository


def _forget_renewals(url: str) -> None:
    """Let revisions count from 1 again for the next test, which shares the database."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("UPDATE store SET revision_floor = 0")


class TestPostgresTaskRepository(TaskRepositoryContract):
    @pytest.fixture
    def open_repository(self, database_url: str) -> OpenRepository:
        @asynccontextmanager
        async def opened() -> AsyncIterator[PostgresTaskRepository]:
            repository = PostgresTaskRepository(database_url)
            await repository.open()
            try:
                yield repository
            finally:
                await repository.close()
                _forget_renewals(database_url)

        return opened
