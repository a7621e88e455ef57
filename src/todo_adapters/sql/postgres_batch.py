"""A batch in PostgreSQL: one transaction of two round trips, whatever the number of its operations."""

from datetime import datetime
from typing import Final

from todo_adapters.sql import rows, statements
from todo_adapters.sql.dialects import POSTGRESQL
from todo_adapters.sql.postgres_connection import Connection
from todo_adapters.sql.postgres_statements import LOCK_TASKS
from todo_domain import Batch, BatchResult, IdempotencyKey, ListCounters, TodoError, UserId

_RAISE: Final = POSTGRESQL.compile(statements.bump(POSTGRESQL)).encode()
_LOCK_TASKS: Final = LOCK_TASKS.encode()
_KEY: Final = POSTGRESQL.compile(statements.KEY).encode()
_KEEP_KEY: Final = POSTGRESQL.compile(statements.KEEP_KEY).encode()
_WRITE_TASK: Final = POSTGRESQL.compile(statements.write_task(POSTGRESQL)).encode()


async def apply_batch(
    connection: Connection, user_id: UserId, batch: Batch, at: datetime, key: IdempotencyKey | None
) -> BatchResult:
    """Do a batch in a transaction of its own.

    The tasks are locked in order of id, the list after them, as single writes do. The
    key is read under the list's lock, so that of two batches with one key the second
    finds what the first has kept.
    """
    async with connection.pipeline():
        await connection.execute("BEGIN")
        locked = await connection.execute(_LOCK_TASKS, {"user_id": user_id, "ids": list(batch.task_ids)})
        counted = await connection.execute(_RAISE, {"user_id": user_id, "revisions": 0, "ids": 0})
        kept = await connection.execute(_KEY, {"user_id": user_id, "key": key.key}) if key else None
    counters = ListCounters(*(await counted.fetchall())[0])
    stored = [rows.read_task(POSTGRESQL, user_id, row) for row in await locked.fetchall()]
    try:
        if key and kept and (replayed := rows.replay_apply(key, await kept.fetchall())):
            await connection.execute("ROLLBACK")
            return replayed
        played = batch.play(user_id, {task.id: task for task in stored}, counters, at)
    except TodoError:
        await connection.execute("ROLLBACK")
        raise
    async with connection.pipeline():
        cursor = connection.cursor()
        await cursor.executemany(
            _WRITE_TASK, [rows.change_values(POSTGRESQL, user_id, change, at) for change in played.changes]
        )
        await cursor.execute(
            _RAISE,
            {
                "user_id": user_id,
                "revisions": played.counters.revision - counters.revision,
                "ids": played.counters.last_task_id - counters.last_task_id,
            },
        )
        if key:
            await cursor.executemany(_KEEP_KEY, rows.key_values(POSTGRESQL, user_id, key, played.outcomes, at))
        await cursor.execute("COMMIT")
    return BatchResult(played.outcomes)
