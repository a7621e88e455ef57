"""Moves in PostgreSQL: neighbours that are found late are locked without a deadlock."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest

from todo_adapters.sql.postgres.repository import PostgresTaskRepository
from todo_domain import Batch, Create, Move, Patch, SortKey, Task, TaskDraft, TaskQuery, UserId

pytestmark = pytest.mark.anyio

AT = datetime(2026, 12, 1, 17, tzinfo=UTC)
BY_POSITION = TaskQuery(limit=100, sort=SortKey.POSITION)
WRITERS = 20
ROUNDS = 5


def move(task_id: int, place: Move) -> Batch:
    return Batch((Patch(task_id, move=place),))


def longer(task: Task) -> Task:
    return task._replace(description=f"{task.description or ''}x")


async def list_without_room(repository: PostgresTaskRepository, url: str, count: int) -> UserId:
    """Return a user whose tasks have the lowest of the longest positions, in the order of their ids."""
    user_id = UserId(uuid4().hex)
    await repository.apply(user_id, Batch((Create(TaskDraft(title="a")),) * count), at=AT)
    with psycopg.connect(url) as operator:
        # The digits of the alphabet from A on, so that no position ends in 0.
        operator.execute(
            "UPDATE tasks SET position = repeat('0', 62) || chr(64 + id::int) WHERE user_id = %s", [user_id]
        )
    return user_id


async def test_a_spread_waits_for_a_neighbour_that_another_transaction_has_locked(database_url: str) -> None:
    async with PostgresTaskRepository(database_url, timeout_seconds=50) as repository:
        user_id = await list_without_room(repository, database_url, 3)
        with (
            psycopg.connect(database_url) as other,
            psycopg.connect(database_url, autocommit=True) as observer,
        ):
            other.execute("UPDATE tasks SET revision = 4 WHERE user_id = %s AND id = 2", [user_id])
            moving = asyncio.create_task(repository.apply(user_id, move(3, Move(after=1)), at=AT))
            waiting = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            while not observer.execute(waiting).fetchall():  # noqa: ASYNC110 - the server sends no event
                await asyncio.sleep(0.01)
            # As every change does, the other transaction takes the list after the task.
            other.execute("UPDATE task_lists SET revision = 4 WHERE user_id = %s", [user_id])
            assert not moving.done()
            other.commit()

        (outcome,) = (await moving).outcomes

        tasks = (await repository.list(user_id, BY_POSITION)).tasks
        assert [task.id for task in tasks] == [1, 3, 2]
        assert {task.revision for task in tasks if task.id != 1} == {5, 6}
        assert (outcome.revision, outcome.position) == (6, tasks[1].position)


async def test_concurrent_changes_moves_and_spreads_do_not_deadlock(database_url: str) -> None:
    """The server detects no deadlock before the deadline, so a call that is in one fails."""
    url = f"{database_url}?options=-c%20deadlock_timeout%3D600s"
    async with PostgresTaskRepository(url, timeout_seconds=50) as repository:

        async def write(user_id: UserId, task_id: int) -> None:
            anchor, neighbour = 1 + (task_id + 7) % WRITERS, 1 + task_id % WRITERS
            await repository.apply(user_id, move(task_id, Move(after=anchor)), at=AT)
            await repository.change(user_id, neighbour, longer)
            await repository.apply(user_id, move(neighbour, Move(first=True)), at=AT)

        users = [await list_without_room(repository, database_url, WRITERS) for _ in range(ROUNDS)]
        for user_id in users:
            await asyncio.gather(*(write(user_id, task_id) for task_id in range(1, WRITERS + 1)))

            tasks = (await repository.list(user_id, BY_POSITION)).tasks
            assert {task.description for task in tasks} == {"x"}
            assert len({task.position for task in tasks}) == len({task.revision for task in tasks}) == WRITERS
