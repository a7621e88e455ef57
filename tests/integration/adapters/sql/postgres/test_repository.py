"""What the PostgreSQL adapter adds to the contract: few round trips, and recovery when server or network fails."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from tests.integration.adapters.sql.erasing import KEPT, QUOTAS, TEXTS, erase_in_every_way
from tests.integration.adapters.sql.postgres.pooler import pooling
from tests.integration.adapters.sql.postgres.proxy import Proxy
from tests.postgres import Postgres
from todo_adapters.contract.scenario import new_user
from todo_adapters.sql.dialects import POSTGRESQL
from todo_adapters.sql.listing import list_statement
from todo_adapters.sql.migrations import upgrade
from todo_adapters.sql.postgres.repository import PostgresTaskRepository
from todo_adapters.sql.tables import metadata
from todo_domain import (
    Batch,
    BatchEffects,
    BatchFailed,
    Create,
    CreateProject,
    Due,
    IdempotencyKey,
    Move,
    Patch,
    ProjectDraft,
    Read,
    RecurrenceDraft,
    Remove,
    RemoveProject,
    Restore,
    RestoreProject,
    StorageUnavailable,
    Task,
    TaskDraft,
    TaskNotFound,
    TaskPatch,
    TaskQuery,
    TrashQuery,
    UserId,
    revision_floor,
)

pytestmark = pytest.mark.anyio

AT = datetime(2026, 12, 1, 17, tzinfo=UTC)
DRAFT = TaskDraft(title="Water the plants")
IN_FIRST = replace(DRAFT, project_id=1)
BATCH = Batch((Create(DRAFT), Create(DRAFT)))
FIRST = Move(first=True)
Call = Callable[[PostgresTaskRepository, UserId, int], Awaitable[object]]


@asynccontextmanager
async def opened(url: str, **settings: Any) -> AsyncIterator[PostgresTaskRepository]:
    # Far beyond every deadline that a test sets: only a call that hangs reaches it.
    async with asyncio.timeout(120), PostgresTaskRepository(url, **settings) as repository:
        yield repository


def new_key(request: object = DRAFT) -> IdempotencyKey:
    return IdempotencyKey.of_request(uuid4().hex, request)


def completion_of(task_id: int) -> Batch:
    """Return a batch that completes a task and lets it recur, so that it adds a successor."""
    recurrence = RecurrenceDraft("FREQ=DAILY")
    return Batch((Patch(task_id, TaskPatch(complete=True, due=Due(AT.date()), recurrence=recurrence)),))


async def complete_and_reopen(repository: PostgresTaskRepository, user_id: UserId, task_id: int) -> None:
    await repository.apply(user_id, completion_of(task_id), at=AT)
    await repository.apply(user_id, Batch((Patch(task_id, TaskPatch(complete=False)),)), at=AT)


def longer(task: Task) -> Task:
    return task._replace(description=f"{task.description or ''}x")


async def tasks_of(repository: PostgresTaskRepository, user_id: UserId) -> int:
    return len((await repository.list(user_id, TaskQuery(limit=500))).tasks)


async def remove_and_restore_project(repository: PostgresTaskRepository, user_id: UserId, project_id: int) -> None:
    await repository.apply(user_id, Batch((RemoveProject(project_id),)), at=AT)
    await repository.apply(user_id, Batch((RestoreProject(project_id),)), at=AT)


@pytest.mark.parametrize(
    ("call", "statements", "round_trips"),
    [
        pytest.param(lambda r, u, _: r.add(u, DRAFT, at=AT), 1, 1, id="add"),
        pytest.param(lambda r, u, _: r.add(u, DRAFT, at=AT, key=new_key()), 1, 1, id="add with a key"),
        pytest.param(
            lambda r, u, _: r.add(u, DRAFT, at=AT, key=IdempotencyKey.of_request("k", DRAFT)), 1, 1, id="add replayed"
        ),
        pytest.param(lambda r, u, t: r.get(u, t), 1, 1, id="get"),
        pytest.param(lambda r, u, _: r.list(u, TaskQuery(q="plants")), 1, 1, id="list"),
        pytest.param(lambda r, u, t: r.change(u, t, longer), 2, 2, id="change"),
        pytest.param(lambda r, u, _: r.change(u, 1, longer), 1, 1, id="change what was changed here"),
        pytest.param(lambda r, u, t: r.change(u, t, lambda task: task), 1, 1, id="change nothing"),
        pytest.param(lambda r, u, t: r.remove(u, t, at=AT), 1, 1, id="remove"),
        pytest.param(lambda r, u, t: r.remove(u, t, at=AT, guard=lambda _: None), 2, 2, id="remove guarded"),
        pytest.param(lambda r, u, t: r.remove(u, t, at=AT, permanent=True), 1, 1, id="remove permanently"),
        pytest.param(lambda r, u, _: r.list_trash(u, TrashQuery()), 1, 1, id="list_trash"),
        pytest.param(lambda r, u, _: r.erase_oldest(u, up_to=99, limit=9), 3, 3, id="erase nothing"),
        pytest.param(lambda r, u, _: r.apply(u, BATCH, at=AT), 8, 2, id="apply"),
        pytest.param(lambda r, u, _: r.apply(u, BATCH, at=AT, key=new_key(BATCH)), 11, 2, id="apply with a key"),
        pytest.param(lambda r, u, t: r.apply(u, Batch((Patch(t, move=FIRST),)), at=AT), 8, 3, id="move"),
        pytest.param(lambda r, u, t: r.apply(u, completion_of(t), at=AT), 8, 2, id="complete a recurring task"),
        pytest.param(complete_and_reopen, 17, 5, id="complete and reopen a recurring task"),
        pytest.param(lambda r, u, _: r.apply(u, Batch((Create(IN_FIRST),)), at=AT), 8, 3, id="create in a project"),
        pytest.param(lambda r, u, t: r.apply(u, Batch((RemoveProject(t),)), at=AT), 13, 4, id="remove a project"),
        pytest.param(remove_and_restore_project, 27, 9, id="remove and restore a project"),
        pytest.param(lambda r, u, _: r.changes(u, None, 10), 1, 1, id="changes"),
        pytest.param(lambda r, u, _: r.revisions([u]), 1, 1, id="revisions"),
        pytest.param(lambda r, _u, _t: r.check_reads(), 1, 1, id="check_reads"),
        pytest.param(lambda r, _u, _t: r.check_writes(), 1, 1, id="check_writes"),
        pytest.param(
            lambda r, _u, _t: r.purge(trash_before=AT, deletions_before=AT, keys_before=AT, limit=10, dry_run=True),
            5,
            5,
            id="purge",
        ),
    ],
)
async def test_a_call_needs_this_number_of_statements_and_round_trips(
    proxy: Proxy, call: Call, statements: int, round_trips: int
) -> None:
    user_id = new_user()
    async with opened(proxy.url, max_connections=1) as repository:
        for number in range(1, 10):
            both = CreateProject(ProjectDraft(name="a")), Create(replace(DRAFT, project_id=number))
            await repository.apply(user_id, Batch(both), at=AT)
        for task_id in range(1, 9):  # until all statements are prepared
            await call(repository, user_id, task_id)
        proxy.sent.clear()

        await call(repository, user_id, 9)

        assert (proxy.statements, proxy.round_trips) == (statements, round_trips)


OLDEST, NEWEST = TaskQuery(limit=100), TaskQuery(limit=100, descending=True)
LAST_SEEN = Task.from_draft(DRAFT, user_id=UserId("alice"), id=1, revision=1, at=AT)


@pytest.mark.parametrize(
    ("query", "before", "reached"),
    [
        pytest.param(OLDEST, "->  Limit", "user_id = ", id="oldest"),
        pytest.param(NEWEST, "Presorted Key: tasks.created_at", "user_id = ", id="newest, ties to sort"),
        pytest.param(
            TaskQuery(limit=100, cursor=OLDEST.cursor_after(LAST_SEEN)),
            "->  Limit",
            "created_at >= $",
            id="next oldest",
        ),
        pytest.param(
            TaskQuery(limit=100, descending=True, cursor=NEWEST.cursor_after(LAST_SEEN)),
            "Presorted Key: tasks.created_at",
            "created_at <= $",
            id="next newest, ties to sort",
        ),
    ],
)
def test_a_page_in_order_of_creation_starts_from_an_index(
    database_url: str, query: TaskQuery, before: str, reached: str
) -> None:
    statement, values = list_statement(POSTGRESQL, UserId("alice"), query)
    literals = ", ".join(sql.Literal(value).as_string() for value in statement.in_order(values))

    with psycopg.connect(database_url) as connection:
        # Plan as for a large table, where scanning and sorting cost more than the index.
        connection.execute("SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off")
        connection.execute("SET plan_cache_mode = force_generic_plan")
        connection.execute(f"PREPARE page AS {statement}".encode())
        rows = connection.execute(f"EXPLAIN (COSTS OFF) EXECUTE page ({literals})".encode()).fetchall()

    # Without the search for an erasure, which is done once.
    search = r"InitPlan 1\n.* erased\n(Index Cond: .*\n)?(Filter: .*\n)?|->  Result\n|One-Time Filter.*\n"
    plan = re.sub(search, "", "\n".join(line.strip() for (line,) in rows)).splitlines()
    (found,) = (at for at, line in enumerate(plan) if line.endswith("using tasks_by_creation on tasks"))
    assert plan[found - 1] == before
    assert reached in plan[found + 1]


async def test_a_change_is_applied_to_the_state_that_another_process_wrote(database_url: str) -> None:
    user_id = new_user()
    async with opened(database_url) as here, opened(database_url) as elsewhere:
        await here.add(user_id, DRAFT, at=AT)
        await elsewhere.change(user_id, 1, lambda task: task._replace(title="Water the trees"))

        changed = await here.change(user_id, 1, longer)

        assert (changed.title, changed.description, changed.revision) == ("Water the trees", "x", 3)


async def test_a_change_back_to_the_remembered_state_is_written_if_another_process_changed_the_task(
    database_url: str,
) -> None:
    user_id = new_user()
    async with opened(database_url) as here, opened(database_url) as elsewhere:
        await here.add(user_id, DRAFT, at=AT)
        await elsewhere.change(user_id, 1, lambda task: task._replace(title="Water the trees"))

        changed = await here.change(user_id, 1, lambda task: task._replace(title=DRAFT.title))

        assert (changed.title, changed.revision) == (DRAFT.title, 3)


async def test_an_edit_that_fails_on_the_remembered_task_is_repeated_on_the_stored_one(database_url: str) -> None:
    user_id = new_user()
    async with opened(database_url) as here, opened(database_url) as elsewhere:
        await here.add(user_id, DRAFT, at=AT)
        await elsewhere.change(user_id, 1, longer)

        def only_the_second(task: Task) -> Task:
            task.require(frozenset([2]))
            return longer(task)

        changed = await here.change(user_id, 1, only_the_second)

        assert (changed.description, changed.revision) == ("xx", 3)


async def test_a_task_that_another_process_removed_is_not_changed(database_url: str) -> None:
    user_id = new_user()
    async with opened(database_url) as here, opened(database_url) as elsewhere:
        await here.add(user_id, DRAFT, at=AT)
        await elsewhere.remove(user_id, 1, at=AT)

        with pytest.raises(TaskNotFound):
            await here.change(user_id, 1, longer)


async def test_a_task_that_another_process_removed_and_restored_is_changed_in_its_present_state(
    database_url: str,
) -> None:
    user_id = new_user()
    async with opened(database_url) as here, opened(database_url) as elsewhere:
        await here.add(user_id, DRAFT, at=AT)
        await elsewhere.remove(user_id, 1, at=AT)
        await elsewhere.apply(user_id, Batch((Restore(1), Patch(1, TaskPatch(title="Water the trees")))), at=AT)

        changed = await here.change(user_id, 1, longer)

        assert (changed.title, changed.description, changed.revision) == ("Water the trees", "x", 5)


async def test_the_text_of_an_erased_task_is_in_no_table(database_url: str) -> None:
    async with opened(database_url, quotas=QUOTAS) as repository:
        await erase_in_every_way(repository)

    with psycopg.connect(database_url) as connection:
        left = b"".join(
            row.encode()
            for table in metadata.tables
            for (row,) in connection.execute(f"SELECT each::text FROM {table} AS each".encode())
        )
    assert KEPT.encode() in left
    assert not [text for text in TEXTS if text in left]


async def test_a_task_that_a_restore_replaced_at_the_same_revision_is_not_overwritten_from_memory(
    database_url: str,
) -> None:
    user_id = new_user()
    async with opened(database_url) as here, opened(database_url) as elsewhere:
        await here.add(user_id, DRAFT, at=AT)
        with psycopg.connect(database_url, autocommit=True) as operator:
            operator.execute("DELETE FROM tasks WHERE user_id = %s", [user_id])
            operator.execute("DELETE FROM task_lists WHERE user_id = %s", [user_id])
        await elsewhere.add(user_id, TaskDraft(title="Water the trees"), at=AT + timedelta(seconds=1))

        changed = await here.change(user_id, 1, longer)

        assert (changed.title, changed.description, changed.revision) == ("Water the trees", "x", 2)


async def test_an_epoch_renewed_by_another_process_takes_effect_at_once(postgres: Postgres) -> None:
    with postgres.database() as url:
        upgrade(url)
        user_id = new_user()
        async with opened(url) as ours, opened(url) as theirs:
            await ours.add(user_id, DRAFT, at=AT)

            epoch = await theirs.renew_epoch(at=AT)

            assert (await ours.add(user_id, DRAFT, at=AT)).task.revision == revision_floor(AT) + 1
            assert (await ours.changes(user_id, None, 1)).next.epoch == epoch


async def test_32_concurrent_writers_of_one_list_lose_no_write_and_leave_no_gap(database_url: str) -> None:
    user_id, rounds, writers = new_user(), 5, 32

    async def write(repository: PostgresTaskRepository) -> None:
        for _ in range(rounds):
            added = await repository.add(user_id, DRAFT, at=AT)
            await repository.change(user_id, 1, longer)
            await repository.apply(user_id, Batch((Create(DRAFT), Remove(added.task.id))), at=AT)

    async with opened(database_url) as repository:
        await repository.add(user_id, DRAFT, at=AT)
        await asyncio.gather(*(write(repository) for _ in range(writers)))

        page = await repository.list(user_id, TaskQuery(limit=500))
        feed = await repository.changes(user_id, None, 500)
        shared = await repository.get(user_id, 1)

    assert shared.description == "x" * rounds * writers
    assert sorted(change.id for change in feed.changes) == list(range(1, 2 * rounds * writers + 2))
    assert page.revision == feed.next.revision == 1 + 4 * rounds * writers
    assert len(page.tasks) == 1 + rounds * writers


async def test_a_connection_can_be_used_after_a_failed_batch(database_url: str) -> None:
    user_id = new_user()
    async with opened(database_url, max_connections=1) as repository:
        for _ in range(4):  # until all statements are prepared
            added = await repository.add(user_id, DRAFT, at=AT)
            await repository.apply(user_id, BATCH, at=AT)
        for _ in range(2):
            with pytest.raises(BatchFailed):
                await repository.apply(user_id, Batch((Create(DRAFT), Remove(404))), at=AT)

        assert (await repository.add(user_id, DRAFT, at=AT)).task.id > added.task.id


async def test_batches_that_lock_the_same_tasks_do_not_deadlock(database_url: str) -> None:
    user_id = new_user()

    async def write(repository: PostgresTaskRepository, number: int) -> None:
        ids = [1, 2, 3] if number % 2 else [3, 2, 1]
        patch = TaskPatch(description=f"{number}")
        await repository.apply(user_id, Batch(tuple(Patch(task_id, patch) for task_id in ids)), at=AT)
        await repository.change(user_id, ids[0], longer)

    async with opened(database_url) as repository:
        await repository.apply(user_id, Batch((Create(DRAFT),) * 3), at=AT)
        await asyncio.gather(*(write(repository, number) for number in range(32)))

        revisions = await repository.revisions([user_id])

    assert revisions == {user_id: 3 + 32 * 4}


async def test_a_read_whose_response_was_lost_is_repeated(proxy: Proxy) -> None:
    user_id = new_user()
    async with opened(proxy.url) as repository:
        added = await repository.add(user_id, DRAFT, at=AT)
        proxy.lose_replies(1)

        assert await repository.get(user_id, 1) == added.task


async def test_a_read_is_repeated_only_once(proxy: Proxy) -> None:
    async with opened(proxy.url) as repository:
        await repository.check_reads()
        proxy.lose_replies(2)

        with pytest.raises(StorageUnavailable):
            await repository.check_reads()


async def test_a_create_with_a_key_whose_response_was_lost_is_repeated_and_done_once(proxy: Proxy) -> None:
    user_id = new_user()
    async with opened(proxy.url) as repository:
        await repository.check_reads()
        proxy.lose_replies(1)

        added = await repository.add(user_id, DRAFT, at=AT, key=new_key())

        assert added.replayed
        assert await tasks_of(repository, user_id) == 1


async def test_a_batch_with_a_key_whose_commit_was_not_confirmed_is_done_once(proxy: Proxy) -> None:
    class BatchBeforeTheLoss(Batch):
        def evaluation(self, *args: Any) -> Generator[Read, Any, BatchEffects]:
            proxy.lose_replies(1)
            return super().evaluation(*args)

    user_id = new_user()
    async with opened(proxy.url) as repository:
        await repository.check_reads()

        applied = await repository.apply(user_id, BatchBeforeTheLoss(BATCH.operations), at=AT, key=new_key(BATCH))

        assert applied.replayed
        assert await tasks_of(repository, user_id) == 2


@pytest.mark.parametrize("sent", [pytest.param(0, id="between round trips"), pytest.param(5, id="within the second")])
async def test_a_batch_whose_connection_goes_silent_locks_its_user_out_only_until_its_deadline(
    proxy: Proxy, database_url: str, sent: int
) -> None:
    class SilencingBatch(Batch):
        def evaluation(self, *args: Any) -> Generator[Read, Any, BatchEffects]:
            proxy.silence_after(sent)
            return super().evaluation(*args)

    user_id = new_user()
    async with opened(database_url, timeout_seconds=50) as direct, opened(proxy.url, timeout_seconds=0.5) as silent:
        await direct.add(user_id, DRAFT, at=AT)
        with pytest.raises(StorageUnavailable):
            await silent.apply(user_id, SilencingBatch(BATCH.operations), at=AT)

        await direct.change(user_id, 1, longer)

        assert await tasks_of(direct, user_id) == 1


async def test_a_list_that_is_locked_leaves_half_of_the_connections_to_other_users(database_url: str) -> None:
    alice, bob = new_user(), new_user()
    async with opened(database_url, max_connections=2, timeout_seconds=10) as repository:
        for user_id in (alice, bob):
            await repository.add(user_id, DRAFT, at=AT)
        with psycopg.connect(database_url) as operator:
            operator.execute("SELECT FROM task_lists WHERE user_id = %s FOR UPDATE", [alice])
            locked_out = [asyncio.create_task(repository.add(alice, DRAFT, at=AT)) for _ in range(10)]
            await asyncio.sleep(0)  # all have begun

            await repository.add(bob, DRAFT, at=AT)

            assert not any(call.done() for call in locked_out)
        await asyncio.gather(*locked_out)


async def test_a_create_without_a_key_whose_response_was_lost_is_not_repeated(proxy: Proxy) -> None:
    user_id = new_user()
    async with opened(proxy.url) as repository:
        await repository.check_reads()
        proxy.lose_replies(1)

        with pytest.raises(StorageUnavailable):
            await repository.add(user_id, DRAFT, at=AT)

        assert await tasks_of(repository, user_id) == 1


async def test_a_change_whose_response_was_lost_is_not_repeated(proxy: Proxy) -> None:
    def edit(task: Task) -> Task:
        proxy.lose_replies(1)
        return longer(task)

    user_id = new_user()
    async with opened(proxy.url) as repository:
        await repository.add(user_id, DRAFT, at=AT)

        with pytest.raises(StorageUnavailable):
            await repository.change(user_id, 1, edit)

        assert (await repository.get(user_id, 1)).description == "x"


async def test_a_write_to_an_inconsistent_store_is_not_retried_forever(database_url: str) -> None:
    user_id = new_user()
    async with opened(database_url) as repository:
        await repository.add(user_id, DRAFT, at=AT)
        with psycopg.connect(database_url) as operator:
            operator.execute("DELETE FROM task_lists WHERE user_id = %s", [user_id])

        with pytest.raises(StorageUnavailable):
            await repository.add(user_id, DRAFT, at=AT)


async def test_an_error_does_not_show_the_message_of_the_database(database_url: str) -> None:
    with pytest.raises(StorageUnavailable) as failure:
        async with opened(database_url.rpartition("/")[0] + "/secret_name"):
            pass

    assert str(failure.value) == "the database can't be reached: the database does not exist"
    assert isinstance(failure.value.__cause__, psycopg.Error)


async def test_a_schema_that_may_not_be_read_is_refused_with_the_database_s_message(limited_url: str) -> None:
    with pytest.raises(StorageUnavailable, match="permission denied for table todo_schema_version"):
        async with opened(limited_url):
            pass


@pytest.mark.parametrize("sent", range(0, 20, 3))
async def test_an_opening_ends_at_its_deadline_wherever_the_server_goes_silent(proxy: Proxy, sent: int) -> None:
    proxy.silence_after(sent)

    with pytest.raises(StorageUnavailable):
        async with opened(proxy.url, timeout_seconds=0.1):
            pass


async def test_a_database_without_the_schema_is_not_opened(postgres: Postgres) -> None:
    with postgres.database() as url, pytest.raises(StorageUnavailable, match="todo-api migrate"):
        async with opened(url):
            pass


async def test_a_transaction_pooler_is_supported(database_url: str) -> None:
    user_id = new_user()

    async def write(repository: PostgresTaskRepository) -> None:
        for _ in range(5):
            added = await repository.add(user_id, DRAFT, at=AT, key=new_key())
            await repository.change(user_id, added.task.id, longer)
            await repository.apply(user_id, BATCH, at=AT, key=new_key(BATCH))

    async with pooling(database_url, sessions=3) as url, opened(url) as repository:
        await asyncio.gather(*(write(repository) for _ in range(8)))

        assert await tasks_of(repository, user_id) == 8 * 5 * 3
        assert await repository.revisions([user_id]) == {user_id: 8 * 5 * 4}


async def test_the_prepare_threshold_can_be_set_explicitly(database_url: str) -> None:
    async with pooling(database_url, sessions=2) as url:
        with pytest.raises(StorageUnavailable):
            async with opened(url, prepare_threshold=0) as repository:
                await asyncio.gather(*(repository.check_reads() for _ in range(4)))


async def test_time_zone_and_encoding_of_the_session_have_no_effect(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_id, draft = new_user(), TaskDraft(title="żółć ✓")
    monkeypatch.setenv("PGTZ", "Asia/Kolkata")
    async with opened(f"{database_url}?client_encoding=LATIN1") as foreign:
        added = await foreign.add(user_id, draft, at=AT)
        there = await foreign.get(user_id, 1)
    # Text written in a wrong encoding could be read back in the same encoding, so read it with the default too.
    async with opened(database_url) as repository:
        here = await repository.get(user_id, 1)

    assert here == there == added.task
    assert there.created_at.tzinfo is UTC
