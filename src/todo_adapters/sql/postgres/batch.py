"""A batch in PostgreSQL: one transaction and two round trips, whatever its length, and those that prepare."""

from datetime import datetime
from typing import Final

from todo_adapters.sql import rows, statements
from todo_adapters.sql.dialects import POSTGRESQL, Statement
from todo_adapters.sql.postgres.driver.connection import Connection, Step
from todo_adapters.sql.postgres.statements import LOCK_LIST, LOCK_TASKS
from todo_domain import Batch, BatchResult, IdempotencyKey, ListCounters, Quotas, TodoError, UserId

_SET_COUNTERS: Final = POSTGRESQL.compile(statements.set_counters(POSTGRESQL))
_KEY: Final = POSTGRESQL.compile(statements.KEY)
_KEEP_KEY: Final = POSTGRESQL.compile(statements.KEEP_KEY)
_WRITE_TASK: Final = POSTGRESQL.compile(statements.write_task(POSTGRESQL))
_BEGIN: Final = Statement("BEGIN", ())
_COMMIT: Final = Statement("COMMIT", ())
_ROLLBACK: Final = Statement("ROLLBACK", ())


async def apply_batch(  # noqa: PLR0913 - the arguments of `apply`, and where and within which bounds
    connection: Connection, quotas: Quotas, user_id: UserId, batch: Batch, *, at: datetime, key: IdempotencyKey | None
) -> tuple[BatchResult, int]:
    """Apply a batch in a transaction of its own. Return its result, and how many deletions are remembered.

    The number is 0 if the batch was replayed.

    As for single writes, the tasks are locked first, in order of id, then the list. The key
    is read under the list's lock, so that of two batches with one key the second finds the
    outcomes that the first has stored.
    """
    of_user = {"user_id": user_id}
    asked: list[Step] = [
        (_BEGIN, {}),
        connection.limit_transaction,
        (LOCK_TASKS, {**of_user, "ids": POSTGRESQL.write_set(batch.task_ids)}),
        (LOCK_LIST, of_user),
    ]
    if key:
        asked.append((_KEY, {**of_user, "key": key.key}))
    _, _, locked, counted, *kept = await connection.run_all(asked)
    stored = [rows.read_task(POSTGRESQL, user_id, row) for row in locked]
    try:
        if key and (replayed := rows.replay_apply(key, kept[0])):
            await connection.run(_ROLLBACK, {})
            return replayed, 0
        before = ListCounters(*counted[0])
        effects = batch.evaluate(user_id, {task.id: task for task in stored}, before, at)
        after = effects.counters.with_outcomes(len(effects.outcomes)) if key else effects.counters
        quotas.check(before, after)
    except TodoError:
        await connection.run(_ROLLBACK, {})
        raise
    keys = rows.key_values(POSTGRESQL, user_id, key, effects.outcomes, at) if key else ()
    await connection.run_all(
        [
            *((_WRITE_TASK, rows.change_values(POSTGRESQL, user_id, change, at)) for change in effects.changes),
            (_SET_COUNTERS, rows.counter_values(user_id, after)),
            *((_KEEP_KEY, values) for values in keys),
            (_COMMIT, {}),
        ]
    )
    return BatchResult(effects.outcomes), after.deletion_count
