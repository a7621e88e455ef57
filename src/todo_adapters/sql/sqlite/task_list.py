"""Writes to one user's list, in the transaction that the writer began."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from todo_adapters.sql import rows, statements
from todo_adapters.sql.dialects import SQLITE
from todo_adapters.sql.sqlite.purge import erase_oldest, forget_oldest_deletions
from todo_domain import (
    Added,
    Batch,
    BatchEffects,
    BatchResult,
    Edit,
    Guard,
    IdempotencyKey,
    ListCounters,
    LockTasks,
    Outcome,
    Quotas,
    Read,
    Task,
    TaskDraft,
    TaskNotFound,
    TaskState,
    UserId,
    run_evaluation,
)
from todo_domain.task import MAX_REVISION
from todo_domain.trash import removed

_GET: Final = SQLITE.compile(statements.GET)
_GET_STATES: Final = SQLITE.compile(statements.GET_STATES)
_NEIGHBOURS: Final = SQLITE.compile(statements.NEIGHBOURS)
_COUNTERS: Final = SQLITE.compile(statements.COUNTERS)
_SET_COUNTERS: Final = SQLITE.compile(statements.set_counters(SQLITE))
_WRITE_TASK: Final = SQLITE.compile(statements.write_task(SQLITE))
_KEY: Final = SQLITE.compile(statements.KEY)
_KEEP_KEY: Final = SQLITE.compile(statements.KEEP_KEY)


class SqliteTaskList:
    """The writing methods of TaskRepository for one user, on a connection in a transaction."""

    def __init__(self, connection: sqlite3.Connection, user_id: UserId, quotas: Quotas) -> None:
        self._connection = connection
        self._user_id = user_id
        self._quotas = quotas

    def add(self, draft: TaskDraft, at: datetime, key: IdempotencyKey | None) -> Added:
        """See TaskRepository."""
        if key and (replayed := rows.replay_add(SQLITE, self._user_id, draft, key, self._stored_key(key))):
            return replayed
        counters = self._counters()
        task = Task.from_draft(
            draft, user_id=self._user_id, id=counters.last_task_id + 1, revision=counters.next_revision, at=at
        )
        outcome = Outcome(task.id, task.revision)
        self._write(counters, BatchEffects((task,), counters.after(task, None), (outcome,)), at, key)
        return Added(task)

    def change(self, task_id: int, edit: Edit) -> Task:
        """See TaskRepository."""
        task = self._find(task_id)
        edited = edit(task)
        if edited == task:
            return task
        counters = self._counters()
        edited = edited._replace(revision=counters.next_revision)
        self._write(counters, BatchEffects((edited,), counters.after(edited, task), ()), edited.updated_at)
        return edited

    def remove(self, task_id: int, at: datetime, guard: Guard | None, *, permanent: bool) -> None:
        """See TaskRepository."""
        task = self._find(task_id)
        if guard:
            guard(task)
        counters = self._counters()
        gone = removed(task, counters.next_revision, at, permanent=permanent)
        self._write(counters, BatchEffects((gone,), counters.after(gone, task), ()), at)

    def apply(self, batch: Batch, at: datetime, key: IdempotencyKey | None) -> BatchResult:
        """See TaskRepository."""
        if key and (replayed := rows.replay_apply(SQLITE, key, self._stored_key(key))):
            return replayed
        stored = {state.id: state for state in self._states(batch.task_ids)}
        counters = self._counters()
        effects = run_evaluation(batch.evaluation(self._user_id, stored, counters, at), self._read_more)
        self._write(counters, effects, at, key)
        return effects.result(at)

    def _read_more(self, asked: Read) -> Any:
        if isinstance(asked, LockTasks):
            return self._states(asked.ids)
        return rows.read_neighbours(self._execute(_NEIGHBOURS, position=asked.position, reach=asked.reach))

    def _states(self, task_ids: Sequence[int]) -> list[TaskState]:
        found = self._execute(_GET_STATES, ids=SQLITE.write_set(task_ids))
        return [rows.read_state(SQLITE, self._user_id, row) for row in found]

    def _find(self, task_id: int) -> Task:
        for row in self._execute(_GET, id=task_id):
            return rows.read_task(SQLITE, self._user_id, row)
        raise TaskNotFound(task_id)

    def _counters(self) -> ListCounters:
        (row,) = self._execute(_COUNTERS)
        return ListCounters(*row)

    def _write(
        self, before: ListCounters, effects: BatchEffects, at: datetime, key: IdempotencyKey | None = None
    ) -> None:
        after = effects.checked_counters(self._quotas, before, stores_key=key is not None)
        self._connection.execute(_SET_COUNTERS, rows.counter_values(self._user_id, after))
        self._connection.executemany(
            _WRITE_TASK, [rows.state_values(SQLITE, self._user_id, change) for change in effects.changes]
        )
        if key:
            self._connection.executemany(_KEEP_KEY, rows.key_values(SQLITE, self._user_id, key, effects.outcomes, at))
        if surplus := self._quotas.surplus_deletions(after.deletion_count):
            forget_oldest_deletions(self._connection, self._user_id, surplus)
        if surplus := self._quotas.surplus_trash(after.trash_count):
            erase_oldest(self._connection, self._user_id, MAX_REVISION, surplus)

    def _stored_key(self, key: IdempotencyKey) -> list[Any]:
        return self._execute(_KEY, key=key.key)

    def _execute(self, sql: str, **values: Any) -> list[Any]:
        return self._connection.execute(sql, {"user_id": self._user_id, **values}).fetchall()
