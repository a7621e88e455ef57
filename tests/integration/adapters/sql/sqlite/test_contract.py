"""The promises of the ports, kept in an SQLite file."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from tests.integration.adapters.sql.counters import WRONG_COUNTERS
from todo_adapters.contract import DurableTaskRepositoryContract, MakeRepository
from todo_adapters.sql.sqlite.repository import SqliteTaskRepository


class TestSqliteTaskRepository(DurableTaskRepositoryContract):
    @pytest.fixture
    def make_repository(self, tmp_path: Path) -> Iterator[MakeRepository]:
        path = tmp_path / "tasks.db"
        yield partial(SqliteTaskRepository, path)

        with closing(sqlite3.connect(path)) as connection:
            if connection.execute("SELECT 1 FROM sqlite_master").fetchone():
                assert connection.execute(WRONG_COUNTERS).fetchall() == []
