"""A migration that changes the type of a column while the servers run fails no call."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest

from tests.postgres import Postgres
from todo_adapters.sql.migrations import upgrade
from todo_adapters.sql.postgres.repository import PostgresTaskRepository
from todo_domain import Batch, Patch, Task, TaskDraft, TaskPatch, TaskQuery, UserId

pytestmark = pytest.mark.anyio

AT = datetime(2026, 12, 1, 17, tzinfo=UTC)
CALLERS = 8


def longer(task: Task) -> Task:
    return task._replace(description=f"{task.description or ''}x")


async def use(repository: PostgresTaskRepository, user_id: UserId) -> None:
    """Do one of each, so that each is done on connections that were used for others."""
    await repository.get(user_id, 1)
    await repository.change(user_id, 1, longer)
    await repository.list(user_id, TaskQuery(limit=10))
    await repository.apply(user_id, Batch((Patch(1, TaskPatch(title="Water the trees")),)), at=AT)
    await repository.changes(user_id, None, 10)


@pytest.mark.parametrize("change", ["title TYPE varchar(300)", "priority TYPE bigint"])
async def test_a_column_that_gets_another_type_under_load_fails_no_call(postgres: Postgres, change: str) -> None:
    prepared, changed = asyncio.Barrier(CALLERS + 1), asyncio.Event()

    async def call(repository: PostgresTaskRepository) -> None:
        user_id = UserId(uuid4().hex)
        await repository.add(user_id, TaskDraft(title="Water the plants"), at=AT)
        for _ in range(3):
            await use(repository, user_id)
        await prepared.wait()
        while not changed.is_set():
            await use(repository, user_id)
        for _ in range(3):
            await use(repository, user_id)

    with postgres.database() as url:
        upgrade(url)

        def migrate() -> None:
            with psycopg.connect(url, autocommit=True) as operator:
                operator.execute(f"ALTER TABLE tasks ALTER COLUMN {change}".encode())

        async with asyncio.timeout(60), PostgresTaskRepository(url, max_connections=4) as repository:
            calls = asyncio.gather(*(call(repository) for _ in range(CALLERS)))
            await prepared.wait()
            await asyncio.to_thread(migrate)
            changed.set()
            await calls
