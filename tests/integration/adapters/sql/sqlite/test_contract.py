"""The promises of the ports, kept in an SQLite file."""

from pathlib import Path

import pytest

from todo_adapters.contract import DurableTaskRepositoryContract, MakeRepository
from todo_adapters.sql.sqlite.repository import SqliteTaskRepository


class TestSqliteTaskRepository(DurableTaskRepositoryContract):
    @pytest.fixture
    def make_repository(self, tmp_path: Path) -> MakeRepository:
        return lambda: SqliteTaskRepository(tmp_path / "tasks.db")
