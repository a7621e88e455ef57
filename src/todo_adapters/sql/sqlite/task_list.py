"""Writes to one user's list, in the transaction that the writer began."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, Final

import sqlalchemy as sa

from todo_adapters.sql import imported_items, project_tasks, projects, rows, statements, tables
from todo_adapters.sql.dialects import SQLITE, Statement
from todo_adapters.sql.sqlite.purge import erase_oldest_tasks, forget_oldest_deletions
from todo_domain import (
    Added,
    AllProjects,
    Batch,
    BatchEffects,
    BatchResult,
    BulkKind,
    Edit,
    Guard,
    IdempotencyKey,
    ImportBatch,
    ListCounters,
    LockTasks,
    Outcome,
    ProjectInTrash,
    Quotas,
    Read,
    RememberedItems,
    Task,
    TaskDraft,
    TaskNotFound,
    TasksOfProject,
    TaskState,
    UserId,
    run_evaluation,
)
from todo_domain.task import MAX_REVISION
from todo_domain.trash import removed

_GET: Final = SQLITE.compile(statements.GET)
_GET_STATES: Final = SQLITE.compile(statements.GET_STATES)
_ALL_PROJECTS: Final = SQLITE.compile(projects.ALL_PROJECTS)
_WRITE_PROJECT: Final = SQLITE.compile(statements.write_row(SQLITE, tables.projects))
_FORGET_SURPLUS_PROJECTS: Final = [SQLITE.compile(each) for each in projects.FORGET_SURPLUS_PROJECTS]
_PROJECT_IN_TRASH: Final = SQLITE.compile(projects.PROJECT_IN_TRASH)
_TASKS_OF_PROJECT: Final = {
    False: SQLITE.compile(project_tasks.TASKS_OF_PROJECT),
    True: SQLITE.compile(project_tasks.TASKS_REMOVED_WITH_PROJECT),
}
_CHANGE_IN_BULK: Final = {
    kind: SQLITE.compile(
        project_tasks.change_in_bulk(kind, sa.bindparam("revision")).where(
            statements.OF_USER, tables.tasks.c.id == sa.bindparam("id")
        )
    )
    for kind in BulkKind
}
_NEIGHBOURS: Final = SQLITE.compile(statements.NEIGHBOURS)
_COUNTERS: Final = SQLITE.compile(statements.COUNTERS)
_SET_COUNTERS: Final = SQLITE.compile(statements.set_counters(SQLITE))
_WRITE_TASK: Final = SQLITE.compile(statements.write_row(SQLITE, tables.tasks))
_CHANGE_CONTENT: Final = SQLITE.compile(statements.CHANGE_CONTENT)
_INDEXED: Final = attrgetter(*statements.INDEXED)
_KEY: Final = SQLITE.compile(statements.KEY)
_KEEP_KEY: Final = SQLITE.compile(statements.KEEP_KEY)
_REMEMBERED: Final = SQLITE.compile(imported_items.REMEMBERED)
_REMEMBER: Final = SQLITE.compile(imported_items.REMEMBER)


class SqliteTaskList:
    """The writing methods of TaskRepository for one user, on a connection in a transaction."""

    def __init__(self, connection: sqlite3.Connection, user_id: UserId, quotas: Quotas) -> None:
        self._connection = connection
        self._user_id = user_id
        self._quotas = quotas

    def add(self, draft: TaskDraft, at: datetime, key: IdempotencyKey | None) -> Added:
        """See TaskRepository."""
        counters = self._counters()
        if key and (replayed := rows.replay_add(SQLITE, self._user_id, draft, key, self._stored_key(key))):
            return replayed
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
        effects = BatchEffects((edited,), counters.after(edited, task), ())
        statement = _CHANGE_CONTENT if _INDEXED(edited) == _INDEXED(task) else _WRITE_TASK
        self._write(counters, effects, edited.updated_at, write_task=statement)
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
        counters = self._counters()
        if key and (replayed := rows.replay_apply(SQLITE, key, self._stored_key(key))):
            return replayed
        effects = self._evaluate(batch, counters, at)
        self._write(counters, effects, at, key)
        return effects.result(at)

    def add_imported(self, batch: ImportBatch, at: datetime, *, dry_run: bool) -> BatchResult:
        """See TaskRepository."""
        counters = self._counters()
        effects = self._evaluate(batch, counters, at)
        if dry_run:
            effects.checked_counters(self._quotas, counters, stores_key=False)
        else:
            self._write(counters, effects, at)
        return effects.result(at)

    def _evaluate(self, batch: Batch | ImportBatch, counters: ListCounters, at: datetime) -> BatchEffects:
        stored = {state.id: state for state in self._states(batch.task_ids)}
        return run_evaluation(batch.evaluation(self._user_id, stored, counters, at), self._read_more)

    def _read_more(self, asked: Read) -> Any:
        if isinstance(asked, LockTasks):
            return self._states(asked.ids)
        if isinstance(asked, TasksOfProject):
            found = self._execute(_TASKS_OF_PROJECT[asked.in_trash], project_id=asked.project_id)
            return project_tasks.read_stored(found)
        if isinstance(asked, ProjectInTrash):
            found = self._execute(_PROJECT_IN_TRASH, id=asked.project_id)
            return projects.read_project_state(SQLITE, self._user_id, found[0]) if found else None
        if isinstance(asked, AllProjects):
            return [projects.read_project(SQLITE, self._user_id, row) for row in self._execute(_ALL_PROJECTS)]
        if isinstance(asked, RememberedItems):
            found = self._execute(_REMEMBERED, keys=SQLITE.write_set(asked.keys))
            return imported_items.read_remembered(found)
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
        return rows.read_counters(SQLITE, self._user_id, row)

    def _write(
        self,
        before: ListCounters,
        effects: BatchEffects,
        at: datetime,
        key: IdempotencyKey | None = None,
        *,
        write_task: Statement = _WRITE_TASK,
    ) -> None:
        after = effects.checked_counters(self._quotas, before, stores_key=key is not None)
        self._connection.execute(_SET_COUNTERS, rows.counter_values(self._user_id, after))
        self._connection.executemany(
            write_task, [rows.state_values(SQLITE, self._user_id, change) for change in effects.changes]
        )
        for change in effects.bulk:
            values = project_tasks.bulk_values(SQLITE, self._user_id, change)
            each = ({**values, "id": task_id, "revision": at} for task_id, at in change.revisions.items())
            self._connection.executemany(_CHANGE_IN_BULK[change.kind], each)
        for project in effects.project_changes:
            self._connection.execute(_WRITE_PROJECT, projects.project_values(SQLITE, self._user_id, project))
        if key:
            self._connection.executemany(_KEEP_KEY, rows.key_values(SQLITE, self._user_id, key, effects.outcomes, at))
        if effects.remembered:
            items = imported_items.remembered_values(self._user_id, effects.remembered)
            self._connection.executemany(_REMEMBER, items)
        for statement in _FORGET_SURPLUS_PROJECTS if effects.project_changes else ():
            self._execute(statement)
        # Forgetting deletions can change the number of tasks in the trash, but not the reverse.
        if surplus := self._quotas.surplus_trash(after.trash_count):
            erase_oldest_tasks(self._connection, self._user_id, MAX_REVISION, surplus)
        if surplus := self._quotas.surplus_deletions(after.deletion_count):
            forget_oldest_deletions(self._connection, self._user_id, surplus)

    def _stored_key(self, key: IdempotencyKey) -> list[Any]:
        return self._execute(_KEY, key=key.key)

    def _execute(self, sql: str, **values: Any) -> list[Any]:
        return self._connection.execute(sql, {"user_id": self._user_id, **values}).fetchall()
