"""Calls use the server that accepts writes, and no standby."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.postgres import LocalPostgres
from todo_adapters.sql.migrations import upgrade
from todo_adapters.sql.postgres.repository import PostgresTaskRepository
from todo_domain import StorageUnavailable, TaskDraft, UserId

pytestmark = pytest.mark.anyio

AT = datetime(2026, 12, 1, 17, tzinfo=UTC)
DRAFT = TaskDraft(title="Water the plants")
ALICE = UserId("alice")


@pytest.fixture
def standby(own_postgres: LocalPostgres) -> Iterator[LocalPostgres]:
    """A standby of `own_postgres`, which confirms a write only when the standby has it."""
    upgrade(own_postgres.url)
    with own_postgres.standby() as standby:
        operate(own_postgres, "ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()")
        yield standby


def operate(server: LocalPostgres, *statements: str) -> None:
    with psycopg.connect(server.url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def url_of(*servers: LocalPostgres) -> str:
    hosts = ",".join(urlsplit(server.url).netloc.rpartition("@")[2] for server in servers)
    return f"postgresql://postgres@{hosts}/postgres?target_session_attrs=read-write"


async def switch_over(old: LocalPostgres, new: LocalPostgres) -> None:
    """Let the old primary accept no writes any more, and promote the new one."""
    operate(old, "ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
    await asyncio.to_thread(new.promote)


@pytest.mark.parametrize("is_primary_first", [True, False])
async def test_every_call_after_a_promotion_succeeds_and_finds_every_confirmed_write(
    own_postgres: LocalPostgres, standby: LocalPostgres, *, is_primary_first: bool
) -> None:
    hosts = [own_postgres, standby] if is_primary_first else [standby, own_postgres]
    confirmed, under_way = set(), asyncio.Event()

    async def write(repository: PostgresTaskRepository) -> None:
        with suppress(StorageUnavailable):
            while True:
                confirmed.add((await repository.add(ALICE, DRAFT, at=AT)).task.id)
                under_way.set()

    async with asyncio.timeout(60), PostgresTaskRepository(url_of(*hosts)) as repository:
        writers = asyncio.gather(*(write(repository) for _ in range(8)))
        await under_way.wait()
        await asyncio.to_thread(own_postgres.kill)
        await writers
        await asyncio.to_thread(standby.promote)

        added = await asyncio.gather(*(repository.add(ALICE, DRAFT, at=AT) for _ in range(20)))
        found = await asyncio.gather(*(repository.get(ALICE, each.task.id) for each in added))
        feed = await repository.changes(ALICE, None, 1_000_000)

    assert found == [each.task for each in added]
    assert confirmed | {task.id for task in found} <= {change.id for change in feed.changes}


async def test_a_server_that_accepts_no_writes_any_more_serves_no_read(
    own_postgres: LocalPostgres, standby: LocalPostgres
) -> None:
    async with asyncio.timeout(60), PostgresTaskRepository(url_of(own_postgres, standby)) as repository:
        await asyncio.gather(*(repository.add(ALICE, DRAFT, at=AT) for _ in range(10)))
        await switch_over(own_postgres, standby)
        operate(standby, "UPDATE tasks SET title = 'Water the trees'")

        found = await asyncio.gather(*(repository.get(ALICE, number) for number in range(1, 11)))
        added = await asyncio.gather(*(repository.add(ALICE, DRAFT, at=AT) for _ in range(10)))

    assert {task.title for task in found} == {"Water the trees"}
    assert sorted(each.task.id for each in added) == list(range(11, 21))


async def test_a_write_that_a_demoted_server_refused_is_made_on_the_new_one(
    own_postgres: LocalPostgres, standby: LocalPostgres
) -> None:
    async with asyncio.timeout(60), PostgresTaskRepository(url_of(own_postgres, standby)) as repository:
        await asyncio.gather(*(repository.add(ALICE, DRAFT, at=AT) for _ in range(10)))
        await switch_over(own_postgres, standby)

        added = await asyncio.gather(*(repository.add(ALICE, DRAFT, at=AT) for _ in range(10)))

    assert sorted(each.task.id for each in added) == list(range(11, 21))


async def test_a_demoted_server_serves_no_read_until_it_is_promoted(own_postgres: LocalPostgres) -> None:
    upgrade(own_postgres.url)
    async with asyncio.timeout(60), PostgresTaskRepository(own_postgres.url) as repository:
        await repository.add(ALICE, DRAFT, at=AT)
        await asyncio.to_thread(own_postgres.demote)

        for read in (lambda: repository.get(ALICE, 1), repository.check_reads, repository.check_writes):
            with pytest.raises(StorageUnavailable, match="the server is a standby"):
                await read()

        await asyncio.to_thread(own_postgres.promote)
        assert (await repository.get(ALICE, 1)).id == 1
        await repository.check_reads()


async def test_the_check_of_reads_recognises_a_standby_behind_a_pooler(own_postgres: LocalPostgres) -> None:
    upgrade(own_postgres.url)
    # With a prepare_threshold, the connection is treated as one to a pooler.
    async with asyncio.timeout(60), PostgresTaskRepository(own_postgres.url, prepare_threshold=5) as repository:
        await repository.check_reads()
        await asyncio.to_thread(own_postgres.demote)

        with pytest.raises(StorageUnavailable, match="the database server is a standby"):
            await repository.check_reads()
