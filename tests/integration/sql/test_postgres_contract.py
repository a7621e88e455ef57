"""The promises of the ports, kept on a real PostgreSQL server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from todo_adapters.contract import OpenRepository, TaskRepositoryContract
from todo_adapters.sql.postgres import PostgresTaskRepository


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

        return opened
