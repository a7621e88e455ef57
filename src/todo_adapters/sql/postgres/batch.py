"""A batch in PostgreSQL: one transaction and two round trips, whatever its length.

More are needed to prepare the statements, and for each read that the evaluation asks for.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

from todo_adapters.sql import imported_items, project_tasks, projects, rows, statements, tables
from todo_adapters.sql.dialects import POSTGRESQL
from todo_adapters.sql.postgres.driver.connection import BEGIN, COMMIT, ROLLBACK, Connection, Step
from todo_adapters.sql.postgres.statements import (
    CHANGE_IN_BULK,
    LOCK_LIST,
    LOCK_MORE_TASKS,
    LOCK_NAMED_OR_IN_PROJECTS,
    LOCK_TASKS,
    READ_TASKS_OF_PROJECT,
)
from todo_domain import (
    AllProjects,
    BatchEffects,
    BatchResult,
    BulkChange,
    IdempotencyKey,
    ListCounters,
    LockTasks,
    ProjectInTrash,
    Quotas,
    Read,
    RememberedItems,
    TasksOfProject,
    TaskState,
    UserId,
)
from todo_domain.reads import Reads

_SET_COUNTERS: Final = POSTGRESQL.compile(statements.set_counters(POSTGRESQL))
_ALL_PROJECTS: Final = POSTGRESQL.compile(projects.ALL_PROJECTS)
_PROJECT_IN_TRASH: Final = POSTGRESQL.compile(projects.PROJECT_IN_TRASH)
_WRITE_PROJECT: Final = POSTGRESQL.compile(statements.write_row(POSTGRESQL, tables.projects))
_FORGET_SURPLUS_PROJECTS: Final = [POSTGRESQL.compile(each) for each in projects.FORGET_SURPLUS_PROJECTS]
_NEIGHBOURS: Final = POSTGRESQL.compile(statements.NEIGHBOURS)
_KEY: Final = POSTGRESQL.compile(statements.KEY)
_KEEP_KEY: Final = POSTGRESQL.compile(statements.KEEP_KEY)
_REMEMBERED: Final = POSTGRESQL.compile(imported_items.REMEMBERED)
_REMEMBER: Final = POSTGRESQL.compile(imported_items.REMEMBER)
_WRITE_TASK: Final = POSTGRESQL.compile(statements.write_row(POSTGRESQL, tables.tasks))


class Evaluable(Protocol):
    """What BatchWork needs of a Batch."""

    @property
    def task_ids(self) -> Sequence[int]:
        """See Batch."""
        ...

    @property
    def project_ids(self) -> Sequence[int]:
        """See Batch."""
        ...

    def evaluation(
        self, user_id: UserId, stored: Mapping[int, TaskState], counters: ListCounters, at: datetime
    ) -> Reads[BatchEffects]:
        """See Batch. It may raise any error."""
        ...


class BatchWork:
    """The work of one `apply`: a transaction, which may run several times.

    As for single writes, the tasks are locked first, in order of id, then the list. A task
    that is found later is locked only if nobody else has it; otherwise the transaction runs
    again and begins with the lock of that task. The key is read under the list's lock, so
    that of two batches with one key the second finds the outcomes that the first has stored.

    - found: the ids of the tasks that were found later
    """

    def __init__(  # noqa: PLR0913 - those of `apply` and `add_imported`
        self,
        quotas: Quotas,
        user_id: UserId,
        batch: Evaluable,
        at: datetime,
        key: IdempotencyKey | None = None,
        *,
        dry_run: bool = False,
    ) -> None:
        self._quotas = quotas
        self._user_id = user_id
        self._batch = batch
        self._at = at
        self._key = key
        self._dry_run = dry_run
        self.found: set[int] = set()

    async def run(self, connection: Connection) -> tuple[BatchResult, ListCounters]:
        """Apply the batch. Return its result, and the counters after it; all are 0 if nothing was written."""
        of_user = {"user_id": self._user_id}
        ids = POSTGRESQL.write_set(sorted({*self._batch.task_ids, *self.found}))
        asked: list[Step] = [(BEGIN, {}), connection.limit_transaction]
        if project_ids := self._batch.project_ids:
            named = {**of_user, "ids": ids, "project_ids": POSTGRESQL.write_set(project_ids)}
            asked.append((LOCK_NAMED_OR_IN_PROJECTS, named))
        first = len(asked)
        asked += [(LOCK_TASKS, {**of_user, "ids": ids}), (LOCK_LIST, of_user)]
        if self._key:
            asked.append((_KEY, {**of_user, "key": self._key.key}))
        locked, counted, *kept = (await connection.run_all(asked))[first:]
        stored = {state.id: state for state in self._states(locked)}
        try:
            before = rows.read_counters(POSTGRESQL, self._user_id, counted[0])
            if self._key and (replayed := rows.replay_apply(POSTGRESQL, self._key, kept[0])):
                await connection.run(ROLLBACK, {})
                return replayed, ListCounters()
            effects = await self._evaluate(connection, stored, before)
            after = effects.checked_counters(self._quotas, before, stores_key=self._key is not None)
            if self._dry_run:
                await connection.run(ROLLBACK, {})
                return effects.result(self._at), ListCounters()
        except Exception:
            await connection.run(ROLLBACK, {})
            raise
        await connection.run_all([*self._writes(effects, after), (COMMIT, {})])
        return effects.result(self._at), after

    async def _evaluate(
        self, connection: Connection, stored: dict[int, TaskState], counters: ListCounters
    ) -> BatchEffects:
        evaluation = self._batch.evaluation(self._user_id, stored, counters, self._at)
        found: Any = None
        while True:
            try:
                asked = evaluation.send(found)
            except StopIteration as end:
                effects: BatchEffects = end.value
                return effects
            found = await self._read(connection, asked)

    async def _read(self, connection: Connection, asked: Read) -> Any:
        values: dict[str, Any] = {"user_id": self._user_id}
        if isinstance(asked, LockTasks):
            self.found.update(asked.ids)
            values["ids"] = POSTGRESQL.write_set(asked.ids)
            return self._states(await connection.run(LOCK_MORE_TASKS, values))
        if isinstance(asked, TasksOfProject):
            values["project_id"] = asked.project_id
            return project_tasks.read_stored(await connection.run(READ_TASKS_OF_PROJECT[asked.in_trash], values))
        if isinstance(asked, ProjectInTrash):
            found = await connection.run(_PROJECT_IN_TRASH, {**values, "id": asked.project_id})
            return projects.read_project_state(POSTGRESQL, self._user_id, found[0]) if found else None
        if isinstance(asked, AllProjects):
            found = await connection.run(_ALL_PROJECTS, values)
            return [projects.read_project(POSTGRESQL, self._user_id, row) for row in found]
        if isinstance(asked, RememberedItems):
            values["keys"] = POSTGRESQL.write_set(asked.keys)
            return imported_items.read_remembered(await connection.run(_REMEMBERED, values))
        values |= {"position": asked.position, "reach": asked.reach}
        return rows.read_neighbours(await connection.run(_NEIGHBOURS, values))

    def _writes(self, effects: BatchEffects, after: ListCounters) -> list[Step]:
        keys = rows.key_values(POSTGRESQL, self._user_id, self._key, effects.outcomes, self._at) if self._key else ()
        of_user = {"user_id": self._user_id}
        return [
            *((_WRITE_TASK, rows.state_values(POSTGRESQL, self._user_id, state)) for state in effects.changes),
            *(self._bulk_step(change) for change in effects.bulk),
            *(
                (_WRITE_PROJECT, projects.project_values(POSTGRESQL, self._user_id, each))
                for each in effects.project_changes
            ),
            (_SET_COUNTERS, rows.counter_values(self._user_id, after)),
            *((_KEEP_KEY, values) for values in keys),
            *((_REMEMBER, values) for values in imported_items.remembered_values(self._user_id, effects.remembered)),
            *((each, of_user) for each in _FORGET_SURPLUS_PROJECTS if effects.project_changes),
        ]

    def _bulk_step(self, change: BulkChange) -> Step:
        values = project_tasks.bulk_values(POSTGRESQL, self._user_id, change)
        values["ids"] = POSTGRESQL.write_set(change.revisions.keys())
        values["revisions"] = POSTGRESQL.write_set(change.revisions.values())
        return CHANGE_IN_BULK[change.kind], values

    def _states(self, found: Sequence[Sequence[Any]]) -> list[TaskState]:
        return [rows.read_state(POSTGRESQL, self._user_id, row) for row in found]
