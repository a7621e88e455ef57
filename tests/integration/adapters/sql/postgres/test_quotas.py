"""What quotas cost on PostgreSQL, and what happens when others write at the same time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from tests.integration.adapters.sql.counters import WRONG_COUNTERS
from tests.integration.adapters.sql.postgres.proxy import Proxy
from todo_adapters.contract.scenario import new_user
from todo_adapters.sql.postgres.repository import PostgresTaskRepository
from todo_domain import (
    Batch,
    Change,
    Create,
    IdempotencyKey,
    QuotaExceeded,
    Quotas,
    Remove,
    Task,
    TaskDraft,
    TaskPatch,
    TaskQuery,
    UserId,
)

pytestmark = pytest.mark.anyio

AT = datetime(2026, 12, 1, 17, tzinfo=UTC)
OPEN = TaskDraft(title="Water the plants")
DONE = TaskDraft(title="Water the trees", complete=True)
KEY = IdempotencyKey.of_request("k", OPEN)
Call = Callable[[PostgresTaskRepository, UserId], Awaitable[object]]

refused = pytest.mark.parametrize(
    ("call", "statements"),
    [
        pytest.param(lambda r, u: r.add(u, OPEN, at=AT), 2, id="add"),
        pytest.param(lambda r, u: r.add(u, OPEN, at=AT, key=KEY), 3, id="add with a key"),
        pytest.param(lambda r, u: r.change(u, 2, reopened), 2, id="reopen"),
    ],
)


@asynccontextmanager
async def opened(repository: PostgresTaskRepository) -> AsyncIterator[PostgresTaskRepository]:
    # Far beyond every deadline that a test sets: to reach it is to have waited for ever.
    async with asyncio.timeout(120), repository:
        yield repository


def reopened(task: Task) -> Task:
    return task.patched(TaskPatch(complete=False), AT)


def has_wrong_counters(database_url: str) -> bool:
    with psycopg.connect(database_url) as connection:
        return bool(connection.execute(WRONG_COUNTERS).fetchall())


@contextmanager
def forbidden_to_forget(database_url: str, user_id: UserId) -> Iterator[None]:
    """Let the database refuse to delete rows of the user."""
    with psycopg.connect(database_url, autocommit=True) as operator:
        operator.execute(
            f"CREATE FUNCTION forbid() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END';"
            f"CREATE TRIGGER forbid BEFORE DELETE ON tasks FOR EACH ROW WHEN (OLD.user_id = '{user_id}')"
            " EXECUTE FUNCTION forbid()".encode()
        )
        yield
        operator.execute("DROP TRIGGER forbid ON tasks; DROP FUNCTION forbid")


@refused
async def test_a_refused_write_takes_few_statements(proxy: Proxy, call: Call, statements: int) -> None:
    user_id = new_user()
    async with opened(PostgresTaskRepository(proxy.url, Quotas(max_open_tasks=1))) as repository:
        await repository.apply(user_id, Batch((Create(OPEN), Create(DONE))), at=AT)
        await repository.get(user_id, 2)
        for _ in range(3):  # until all is prepared
            with pytest.raises(QuotaExceeded):
                await call(repository, user_id)
        before = proxy.statements

        with pytest.raises(QuotaExceeded):
            await call(repository, user_id)

        assert proxy.statements - before == statements


class RoomIsMade(PostgresTaskRepository):
    """A repository that loses a race: between its refusal and its reading of the counters, a task is removed."""

    async def _check_quotas(self, change: Task, previous: Task | None = None, keys: int = 0) -> None:
        await self.remove(change.user_id, 1, at=AT)
        await super()._check_quotas(change, previous, keys)


@refused
async def test_a_write_is_done_if_there_is_room_for_it_by_now(database_url: str, call: Call, statements: int) -> None:
    del statements
    user_id = new_user()
    async with opened(RoomIsMade(database_url, Quotas(max_open_tasks=1))) as repository:
        await repository.apply(user_id, Batch((Create(OPEN), Create(DONE))), at=AT)

        await call(repository, user_id)

        page = await repository.list(user_id, TaskQuery(complete=False))
        assert len(page.tasks) == 1


async def test_a_write_is_done_although_the_surplus_of_deletions_cannot_be_forgotten(database_url: str) -> None:
    user_id = new_user()
    async with opened(PostgresTaskRepository(database_url, Quotas(max_deletions=1))) as repository:
        await repository.apply(user_id, Batch((Create(OPEN),) * 3), at=AT)
        await repository.remove(user_id, 1, at=AT)
        with forbidden_to_forget(database_url, user_id):
            await repository.remove(user_id, 2, at=AT)
            kept = await deletions(repository, user_id)
        await repository.remove(user_id, 3, at=AT)

        assert (kept, await deletions(repository, user_id)) == ([1, 2], [3])


async def test_a_purge_passes_by_the_lists_that_others_have_locked(database_url: str) -> None:
    busy, idle = new_user(), new_user()
    long_ago = AT.replace(year=1999)
    before = AT.replace(year=2000)
    purge: dict[str, Any] = dict.fromkeys(("trash_before", "deletions_before", "keys_before"), before)
    async with opened(PostgresTaskRepository(database_url)) as repository:
        for user_id in (busy, idle):
            await repository.add(user_id, OPEN, at=long_ago, key=KEY)
            await repository.remove(user_id, 1, at=long_ago)
        with psycopg.connect(database_url) as writer:
            writer.execute("SELECT FROM task_lists WHERE user_id = %s FOR UPDATE", [busy])
            beside = await repository.purge(**purge, limit=10)
            remembered = [await deletions(repository, user_id) for user_id in (busy, idle)]
        afterwards = await repository.purge(**purge, limit=10)

    assert (beside, afterwards) == (2, 2)
    assert remembered == [[1], []]
    assert not has_wrong_counters(database_url)


async def test_counters_stay_right_while_purges_and_writers_of_several_processes_compete(database_url: str) -> None:
    users = [new_user() for _ in range(3)]
    quotas = Quotas(max_open_tasks=10, max_deletions=3, max_trash=2, max_keys=5)
    after = AT.replace(year=2100)
    async with (
        opened(PostgresTaskRepository(database_url, quotas)) as here,
        opened(PostgresTaskRepository(database_url, quotas)) as elsewhere,
    ):

        async def write(repository: PostgresTaskRepository, user_id: UserId, number: int) -> None:
            await repository.add(user_id, OPEN, at=AT, key=IdempotencyKey.of_request(f"{number}", OPEN))
            await repository.change(user_id, number, lambda task: task.patched(TaskPatch(complete=True), AT))
            await repository.apply(user_id, Batch((Create(DONE), Remove(number))), at=AT)
            await repository.forget_keys(user_id, before=after, limit=2)
            await repository.purge(
                trash_before=AT.replace(year=2200), deletions_before=after, keys_before=after, limit=3
            )

        await asyncio.gather(
            *(
                write(repository, user_id, number)
                for repository in (here, elsewhere)
                for user_id in users
                for number in range(1, 6)
            ),
            return_exceptions=True,
        )

    assert not has_wrong_counters(database_url)


async def deletions(repository: PostgresTaskRepository, user_id: UserId) -> list[int]:
    """Return the ids of the tasks whose deletions are remembered."""
    changes: tuple[Change, ...] = (await repository.changes(user_id, None, 100)).changes
    return [change.id for change in changes if not isinstance(change, Task)]
