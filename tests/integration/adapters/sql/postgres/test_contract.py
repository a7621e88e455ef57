"""The promises of the ports, kept on a real PostgreSQL server."""

from collections.abc import Iterator

import psycopg
import pytest

from todo_adapters.contract import DurableTaskRepositoryContract, MakeRepository
from todo_adapters.sql.postgres.repository import PostgresTaskRepository


class TestPostgresTaskRepository(DurableTaskRepositoryContract):
    @pytest.fixture
    def make_repository(self, database_url: str) -> Iterator[MakeRepository]:
        yield lambda: PostgresTaskRepository(database_url)

        # The next test uses the same database and expects revisions from 1.
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute("UPDATE store SET revision_floor = 0")
