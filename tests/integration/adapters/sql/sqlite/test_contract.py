"""The promises of the ports, kept in an SQLite file."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from todo_adapters.contract import OpenRepository, TaskRepositoryContract
from todo_adapters.sql.sqlite.repository import SqliteTaskRepository


class TestSqliteTaskRepository(TaskRepositoryContract):
    @pytest.fixture
    def open_repository(self, tmp_path: Path) -> OpenRepository:
        @asynccontextmanager
        async def opened() -> AsyncIterator[SqliteTaskRepository]:
            repository = SqliteTaskRepository(tmp_path / "tasks.db")
            await repository.open()
            try:
                yield repository
            finally:
                await repository.close()

        return opened
