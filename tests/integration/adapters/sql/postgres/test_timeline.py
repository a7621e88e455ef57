"""After a promotion, which may have lost writes, no reader continues and no revision is used twice."""

import logging
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest

from tests.integration.adapters.sql.postgres.pooler import pooling
from tests.postgres import LocalPostgres, Postgres
from todo_adapters.sql.migrations import upgrade
from todo_adapters.sql.postgres.repository import PostgresTaskRepository
from todo_domain import (
    Batch,
    Create,
    CursorExpired,
    IdempotencyKey,
    StorageUnavailable,
    Task,
    TaskDraft,
    UserId,
)

pytestmark = pytest.mark.anyio

AT = datetime(2026, 12, 1, 17, tzinfo=UTC)
DRAFT = TaskDraft(title="Water the plants")
ALICE = UserId("alice")
NEVER_REACHED = 10**12
Write = Callable[[PostgresTaskRepository], Awaitable[object]]


@pytest.fixture
def database(postgres: Postgres) -> Iterator[str]:
    with postgres.database() as url:
        upgrade(url)
        yield url


def longer(task: Task) -> Task:
    return task._replace(description=f"{task.description or ''}x")


def operate(url: str, sql: str) -> None:
    with psycopg.connect(url, autocommit=True) as operator:
        operator.execute(sql.encode())


def change_timeline(url: str) -> None:
    """Let the store look as after a promotion: its timeline is not the server's."""
    operate(url, "UPDATE store SET timeline = '000000FF'")


async def epoch_of(repository: PostgresTaskRepository) -> str:
    return (await repository.changes(ALICE, None, 1)).next.epoch


async def test_a_token_of_writes_that_a_promotion_lost_expires(own_postgres: LocalPostgres) -> None:
    upgrade(own_postgres.url)
    async with PostgresTaskRepository(own_postgres.url) as primary:
        await primary.add(ALICE, DRAFT, at=AT)
        with own_postgres.standby() as standby:
            operate(standby.url, "SELECT pg_wal_replay_pause()")
            operate(own_postgres.url, "ALTER SYSTEM SET max_wal_senders = 0")
            own_postgres.restart()
            await primary.add(ALICE, DRAFT, at=AT)
            seen = (await primary.changes(ALICE, None, 10)).next
            operate(standby.url, "SELECT pg_wal_replay_resume()")
            standby.promote()

            async with PostgresTaskRepository(standby.url) as promoted:
                await promoted.add(ALICE, DRAFT, at=AT)

                with pytest.raises(CursorExpired):
                    await promoted.changes(ALICE, seen, 10)


async def test_a_pooler_that_is_connected_to_a_promoted_standby_gets_a_new_epoch(own_postgres: LocalPostgres) -> None:
    upgrade(own_postgres.url)
    async with PostgresTaskRepository(own_postgres.url) as primary:
        await primary.add(ALICE, DRAFT, at=AT)
        before = await epoch_of(primary)
    with own_postgres.standby() as standby:
        async with pooling(standby.url, sessions=1) as url, PostgresTaskRepository(url) as repository:
            standby.promote()

            after = await epoch_of(repository)

            assert after != before
            assert await epoch_of(repository) == after


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda r: r.add(ALICE, DRAFT, at=AT), id="add"),
        pytest.param(lambda r: r.add(ALICE, DRAFT, at=AT, key=IdempotencyKey.of_request("k", DRAFT)), id="add once"),
        pytest.param(lambda r: r.change(ALICE, 1, longer), id="change"),
        pytest.param(lambda r: r.remove(ALICE, 1, at=AT), id="remove"),
        pytest.param(lambda r: r.remove(ALICE, 1, at=AT, permanent=True), id="remove permanently"),
        pytest.param(lambda r: r.apply(ALICE, Batch((Create(DRAFT),)), at=AT), id="apply"),
    ],
)
async def test_a_write_on_another_timeline_uses_no_revision_a_second_time(database: str, write: Write) -> None:
    async with PostgresTaskRepository(database) as repository:
        await repository.add(ALICE, DRAFT, at=AT)
        token = (await repository.changes(ALICE, None, 10)).next
        change_timeline(database)

        await write(repository)

        assert (await repository.revisions([ALICE]))[ALICE] > NEVER_REACHED
        with pytest.raises(CursorExpired):
            await repository.changes(ALICE, token, 10)


async def test_the_epoch_of_the_same_timeline_is_kept(database: str) -> None:
    async with PostgresTaskRepository(database) as repository:
        first = await epoch_of(repository)
        assert (await repository.add(ALICE, DRAFT, at=AT)).task.revision == 1

    async with PostgresTaskRepository(database) as repository:
        assert await epoch_of(repository) == first
        assert (await repository.add(ALICE, DRAFT, at=AT)).task.revision == 2


async def test_a_start_on_another_timeline_renews_the_epoch(database: str) -> None:
    async with PostgresTaskRepository(database) as repository:
        first = await epoch_of(repository)
    change_timeline(database)

    async with PostgresTaskRepository(database) as repository:
        assert await epoch_of(repository) != first
        assert (await repository.add(ALICE, DRAFT, at=AT)).task.revision > NEVER_REACHED


async def test_an_epoch_is_logged_when_the_store_is_opened_and_when_it_is_renewed(
    database: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "todo_adapters")
    async with PostgresTaskRepository(database) as repository:
        first = await epoch_of(repository)
        change_timeline(database)
        second = await epoch_of(repository)
        third = await repository.renew_epoch(at=AT)

    lines = [(vars(record)["fields"]["epoch"], record.getMessage(), record.levelname) for record in caplog.records]
    assert lines == [
        (first, "epoch renewed", "INFO"),
        (first, "epoch opened", "INFO"),
        (second, "epoch renewed", "WARNING"),
        (third, "epoch renewed", "WARNING"),
    ]


async def test_an_epoch_that_can_not_be_renewed_is_not_returned(database: str) -> None:
    async with PostgresTaskRepository(database) as repository:
        change_timeline(database)
        operate(
            database,
            "CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;"
            "CREATE TRIGGER no_renewal BEFORE UPDATE ON store FOR EACH ROW EXECUTE FUNCTION skip()",
        )

        with pytest.raises(StorageUnavailable, match="timeline"):
            await repository.changes(ALICE, None, 10)


async def test_a_service_that_does_not_report_its_timeline_is_supported(database: str) -> None:
    async with PostgresTaskRepository(database) as repository:
        first = await epoch_of(repository)
    operate(
        database,
        "CREATE SCHEMA service; CREATE FUNCTION service.pg_current_wal_lsn() RETURNS pg_lsn LANGUAGE plpgsql"
        " AS $$ BEGIN RAISE feature_not_supported; END $$;"
        f"ALTER DATABASE {database.rpartition('/')[2]} SET search_path = service, public, pg_catalog",
    )

    async with PostgresTaskRepository(database) as repository:
        second = await epoch_of(repository)
        assert (await repository.add(ALICE, DRAFT, at=AT)).task.id == 1
    async with PostgresTaskRepository(database) as repository:
        third = await epoch_of(repository)

    assert first != second == third


async def test_a_role_that_may_not_ask_for_the_timeline_is_refused_at_the_start(database: str) -> None:
    role = f"limited_{uuid4().hex}"
    operate(database, f"CREATE ROLE {role} LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}")
    operate(database, "REVOKE EXECUTE ON FUNCTION pg_current_wal_lsn() FROM PUBLIC")

    with pytest.raises(StorageUnavailable, match="permission denied for function pg_current_wal_lsn"):
        async with PostgresTaskRepository(f"postgresql://{role}@{database.partition('@')[2]}"):
            pass

    operate(database, f"DROP OWNED BY {role}; DROP ROLE {role}")
