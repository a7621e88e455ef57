"""A PostgreSQL server that is killed or stopped, and started again."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from tests.postgres import LocalPostgres
from todo_adapters.sql.migrations import upgrade
from todo_adapters.sql.postgres.repository import PostgresTaskRepository
from todo_domain import StorageUnavailable, TaskDraft, UserId

pytestmark = pytest.mark.anyio

AT = datetime(2026, 12, 1, 17, tzinfo=UTC)
DRAFT = TaskDraft(title="Water the plants")
ALICE = UserId("alice")


async def test_a_killed_server_restarts_with_every_confirmed_write(own_postgres: LocalPostgres) -> None:
    upgrade(own_postgres.url)
    confirmed = set()

    async def write(repository: PostgresTaskRepository) -> None:
        with suppress(StorageUnavailable):
            while True:
                added = await repository.add(ALICE, DRAFT, at=AT)
                confirmed.add(added.task.id)
                under_way.set()

    under_way = asyncio.Event()
    async with asyncio.timeout(60), PostgresTaskRepository(own_postgres.url) as repository:
        writers = asyncio.gather(*(write(repository) for _ in range(8)))
        await under_way.wait()
        await asyncio.to_thread(own_postgres.kill)
        await writers
        own_postgres.start()

        last = (await repository.add(ALICE, DRAFT, at=AT)).task.id
        feed = await repository.changes(ALICE, None, 1_000_000)

    stored = {change.id for change in feed.changes}
    assert confirmed < stored == set(range(1, last + 1))


async def test_a_restart_that_closes_idle_connections_fails_no_write(own_postgres: LocalPostgres) -> None:
    upgrade(own_postgres.url)
    async with asyncio.timeout(60), PostgresTaskRepository(own_postgres.url) as repository:
        await asyncio.gather(*(repository.add(ALICE, DRAFT, at=AT) for _ in range(10)))
        own_postgres.restart()

        await asyncio.gather(*(repository.add(ALICE, DRAFT, at=AT) for _ in range(10)))

        assert len((await repository.changes(ALICE, None, 100)).changes) == 20
