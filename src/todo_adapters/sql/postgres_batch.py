"""A batch in PostgreSQL: one transaction of two round trips, whatever the number of its operations."""

from datetime import datetime
from typing import Final

from todo_adapters.sql import rows, statements
from todo_adapters.sql.dialects import POSTGRESQL, Statement
from todo_adapters.sql.postgres_connection import Connection
from todo_adapters.sql.postgres_statements import LOCK_LIST, LOCK_TASKS
from todo_domain import Batch, BatchResult, IdempotencyKey, ListCounters, TodoError, UserId

_SET_COUNTERS: Final = POSTGRESQL.compile(statements.set_counters(POSTGRESQL))
_KEY: Final = POSTGRESQL.compile(statements.KEY)
_KEEP_KEY: Final = POSTGRESQL.compile(statements.KEEP_KEY)
# psycopg's cursor would have the server forget all prepared statements after it.
_ROLLBACK: Final = Statement("ROLLBACK", ())
_WRITE_TASK: Final = POSTGRESQL.compile(statements.write_task(POSTGRESQL))


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
        locked = await connection.send(LOCK_TASKS, {"user_id": user_id, "ids": list(batch.task_ids)})
        counted = await connection.send(LOCK_LIST, {"user_id": user_id})
        kept = await connection.send(_KEY, {"user_id": user_id, "key": key.key}) if key else None
    counters = ListCounters(*(await counted.fetchall())[0])
    stored = [rows.read_task(POSTGRESQL, user_id, row) for row in await locked.fetchall()]
    try:
        if key and kept and (replayed := rows.replay_apply(key, await kept.fetchall())):
            await connection.run(_ROLLBACK, {})
            return replayed
        played = batch.play(user_id, {task.id: task for task in stored}, counters, at)
    except TodoError:
        await connection.run(_ROLLBACK, {})
        raise
    async with connection.pipeline():
        for change in played.changes:
            await connection.send(_WRITE_TASK, rows.change_values(POSTGRESQL, user_id, change, at))
        await connection.send(_SET_COUNTERS, rows.counter_values(user_id, played.counters))
        for values in rows.key_values(POSTGRESQL, user_id, key, played.outcomes, at) if key else ():
            await connection.send(_KEEP_KEY, values)
        await connection.execute("COMMIT")
    return BatchResult(played.outcomes)
