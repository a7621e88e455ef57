"""The adapter for engines that refuse data-modifying common table expressions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from psycopg.rows import TupleRow

from todo_adapters.sql.dialects import Statement
from todo_adapters.sql.postgres.database import Database
from todo_adapters.sql.postgres.plain_purge import PLAIN_PURGES
from todo_adapters.sql.postgres.repository import PostgresTaskRepository
from todo_domain import (
    Added,
    BatchEffects,
    Edit,
    Guard,
    IdempotencyKey,
    ListCounters,
    Outcome,
    Task,
    TaskDraft,
    TaskNotFound,
    TaskState,
    UserId,
)
from todo_domain.reads import Reads
from todo_domain.trash import removed

_NO_TIME: Final = datetime.min.replace(tzinfo=UTC)
"""The time of a batch that uses none: the new state of the task has its own."""


class PlainDatabase(Database):
    """A Database that purges in plain statements."""

    async def run(
        self, statement: Statement, values: Mapping[str, Any], *, repeatable: bool = True
    ) -> Sequence[TupleRow]:
        """Run one statement and return its rows; a statement of `purge` as a transaction for each list."""
        plain = PLAIN_PURGES.get(statement)
        if plain is None:
            return await super().run(statement, values, repeatable=repeatable)
        owners = [(values["user_id"],)] if "user_id" in values else await super().run(plain.lists, values)
        purged = 0
        for (user_id,) in owners:
            of_list = {**values, "user_id": user_id, "limit": values.get("limit", 0) - purged}
            purged += await self.transact(user_id, partial(plain.run, values=of_list), repeatable=repeatable)
        return [(purged,)]


class PlainPostgresTaskRepository(PostgresTaskRepository):
    """A PostgresTaskRepository whose writes are batches, which need two round trips, instead of single statements."""

    database_type = PlainDatabase

    async def add(self, user_id: UserId, draft: TaskDraft, *, at: datetime, key: IdempotencyKey | None = None) -> Added:
        """See TaskRepository. Two round trips."""
        task = partial(Task.from_draft, draft, user_id=user_id)

        def write(_: Mapping[int, TaskState], counters: ListCounters) -> BatchEffects:
            added = task(id=counters.last_task_id + 1, revision=counters.next_revision, at=at)
            return BatchEffects((added,), counters.after(added, None), (Outcome(added.id, added.revision),))

        result = await self.apply(user_id, _OneWrite((), write), at=at, key=key)
        ((task_id, revision, position),) = map(astuple, result.outcomes)
        return Added(task(id=task_id, revision=revision, at=result.at, position=position), result.replayed)

    async def change(self, user_id: UserId, task_id: int, edit: Edit) -> Task:
        """See TaskRepository. Two round trips."""

        def write(task: Task, revision: int) -> TaskState:
            edited = edit(task)
            return task if edited == task else edited._replace(revision=revision)

        changed = await self._change_state(user_id, task_id, write)
        assert isinstance(changed, Task)  # noqa: S101 - for the type checker
        return changed

    async def remove(
        self, user_id: UserId, task_id: int, *, at: datetime, guard: Guard | None = None, permanent: bool = False
    ) -> None:
        """See TaskRepository. Two round trips."""

        def write(task: Task, revision: int) -> TaskState:
            if guard:
                guard(task)
            return removed(task, revision, at, permanent=permanent)

        await self._change_state(user_id, task_id, write)

    async def _change_state(self, user_id: UserId, task_id: int, change: Callable[[Task, int], TaskState]) -> TaskState:
        """Write what `change` returns for a task and the next revision, unless it is the same task, and return it."""

        def write(stored: Mapping[int, TaskState], counters: ListCounters) -> BatchEffects:
            task = stored.get(task_id)
            if not isinstance(task, Task):
                raise TaskNotFound(task_id)
            state = change(task, counters.next_revision)
            if state is task:
                return BatchEffects((), counters, (), tasks=stored)
            return BatchEffects((state,), counters.after(state, task), (), tasks={task_id: state})

        return (await self.apply(user_id, _OneWrite((task_id,), write), at=_NO_TIME)).tasks[task_id]


@dataclass(frozen=True, slots=True)
class _OneWrite:
    """One write, in the form of a Batch: `write` takes the tasks that are stored, and the counters."""

    task_ids: Sequence[int]
    write: Callable[[Mapping[int, TaskState], ListCounters], BatchEffects]
    project_ids: Sequence[int] = ()

    def evaluation(
        self,
        user_id: UserId,  # noqa: ARG002 - as in Batch
        stored: Mapping[int, TaskState],
        counters: ListCounters,
        at: datetime,  # noqa: ARG002 - as in Batch
    ) -> Reads[BatchEffects]:
        """See Batch. Raises what `write` raises."""
        yield from ()
        return self.write(stored, counters)
