"""The promises of the ports, kept on a real PostgreSQL server."""

from collections.abc import Iterator
from functools import partial

import psycopg
import pytest

from tests.integration.adapters.sql.counters import WRONG_COUNTERS
from todo_adapters.contract import DurableTaskRepositoryContract, MakeRepository
from todo_adapters.contract.batches import AppliesBatchesAtomically
from todo_adapters.contract.changing import ChangesAtomically
from todo_adapters.contract.concurrency import HandlesConcurrentWriters
from todo_adapters.contract.lifecycle import OpensAndCloses
from todo_adapters.sql.postgres.repository import PostgresTaskRepository


@pytest.fixture
def make_repository(database_url: str) -> Iterator[MakeRepository]:
    yield partial(PostgresTaskRepository, database_url)

    with psycopg.connect(database_url) as connection:
        assert connection.execute(WRONG_COUNTERS).fetchall() == []
    # The next test uses the same database and expects revisions from 1.
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("UPDATE store SET revision_floor = 0")


class TestPostgresTaskRepository(DurableTaskRepositoryContract):
    pass


@pytest.mark.plain_asyncio
class TestPostgresTaskRepositoryOnAsyncio(
    OpensAndCloses, ChangesAtomically, HandlesConcurrentWriters, AppliesBatchesAtomically
):
    """What depends on the event loop also holds on asyncio's own, for programs that embed the adapter."""
