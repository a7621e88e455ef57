"""Task lists in PostgreSQL, in single statements and short transactions."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, Final

from todo_adapters.sql import rows, statements
from todo_adapters.sql.admission import Caller, no_caller
from todo_adapters.sql.dialects import POSTGRESQL
from todo_adapters.sql.erasing import permission_values
from todo_adapters.sql.observer import Observe
from todo_adapters.sql.postgres import statements as chained
from todo_adapters.sql.postgres.batch import BatchWork, Evaluable
from todo_adapters.sql.postgres.database import Database
from todo_adapters.sql.postgres.driver.conninfo import conninfo_of
from todo_adapters.sql.postgres.erase import erase_user, require_writable
from todo_adapters.sql.postgres.purge import erase_oldest, forget_keys, forget_surplus
from todo_adapters.sql.postgres.quotas import bound_values, check_quotas
from todo_adapters.sql.postgres.reads import PostgresReads
from todo_adapters.sql.snapshots import MAX_BYTES
from todo_domain import (
    NO_QUOTAS,
    Added,
    BatchResult,
    Edit,
    Guard,
    IdempotencyKey,
    ImportBatch,
    Outcome,
    Quotas,
    Task,
    TaskDraft,
    Tombstone,
    UserId,
)

_KEY: Final = POSTGRESQL.compile(statements.KEY)


class _TaskChanged(Exception):
    """Raised when a task was not written, because another request changed it, or a quota or an erasure forbids it.

    If it is forbidden, `current` is the task as it was read.
    """

    def __init__(self, current: Task) -> None:
        super().__init__()
        self.current = current


class PostgresTaskRepository(PostgresReads):
    """A TaskStore on a PostgreSQL database, or on a pooler in transaction mode.

    - url: in any form that `driver.conninfo` reads
    - quotas: the bounds for each user
    - max_connections: of this process
    - timeout_seconds: the longest time for a transaction, with all its waits and attempts
    - prepare_threshold: prepare a statement after this number of uses; for poolers that keep
      prepared statements. None prepares on direct connections only, and finds out which are direct
    - snapshot_bytes: the bound for the temporary files of all snapshots; 0 means no bound
    - caller: returns the caller of the call that begins, or None. The calls of a caller are refused
      if they would wait too long for a connection: see `sql.admission`
    - observe: is told of each statement; None costs nothing

    When the connection breaks, a read and a write with an idempotency key run once more.
    Any other write then raises StorageUnavailable, because its effect can't be told from
    that of another request. A transaction that the server undid because of another one
    runs again.
    """

    database_type = Database

    def __init__(  # noqa: PLR0913 - settings, passed by name
        self,
        url: str,
        quotas: Quotas = NO_QUOTAS,
        *,
        max_connections: int = 10,
        timeout_seconds: float = 5.0,
        prepare_threshold: int | None = None,
        snapshot_bytes: int = MAX_BYTES,
        caller: Callable[[], Caller | None] = no_caller,
        observe: Observe | None = None,
    ) -> None:
        self._quotas = quotas
        self._bounds = bound_values(quotas)
        super().__init__(
            partial(
                self.database_type,
                conninfo_of(url),
                max_connections=max_connections,
                timeout_seconds=timeout_seconds,
                prepare_threshold=prepare_threshold,
                caller=caller,
                observe=observe,
            ),
            snapshot_bytes,
        )

    async def add(self, user_id: UserId, draft: TaskDraft, *, at: datetime, key: IdempotencyKey | None = None) -> Added:
        """See TaskRepository. One statement, unless a quota forbids the task."""
        task = partial(Task.from_draft, draft, user_id=user_id, at=at)
        new = task(id=0, revision=0)
        values = {**rows.state_values(POSTGRESQL, user_id, new), **self._conditions(user_id)}
        if key is None:
            while not (found := await self._database.run(chained.ADD, values, repeatable=False)):
                await self._check_quotas(new)
            ((task_id, revision),) = found
        else:
            (kept,) = rows.key_values(POSTGRESQL, user_id, key, [Outcome(0, 0)], at)
            # After a refusal, read the key: the last place may have gone to a request with the same key.
            while not (
                (found := await self._database.run(chained.ADD_ONCE, {**values, **kept}))
                or (found := await self._database.run(_KEY, kept))
            ):
                await self._check_quotas(new, keys=1)
            if replayed := rows.replay_add(POSTGRESQL, user_id, draft, key, [row for row in found if row[0]]):
                return replayed
            ((_, task_id, revision, *_),) = found
        return Added(self._recent.remember(task(id=task_id, revision=revision)))

    async def change(self, user_id: UserId, task_id: int, edit: Edit) -> Task:
        """See TaskRepository. Two statements, one if the last state was seen here, and one more for each lost race."""
        before_and_after = self._recent.try_edit(user_id, task_id, edit)
        if before_and_after is None:
            task = await self.get(user_id, task_id)
            before_and_after = task, edit(task)
        task, edited = before_and_after
        while edited != task:
            values = rows.state_values(POSTGRESQL, user_id, edited)
            try:
                revision = await self._write(user_id, values, expected=task)
            except _TaskChanged as changed:
                if changed.current == task:
                    await self._check_quotas(edited, task)
                task = changed.current
            else:
                return self._recent.remember(edited._replace(revision=revision))
            edited = edit(task)
        return task

    async def remove(
        self, user_id: UserId, task_id: int, *, at: datetime, guard: Guard | None = None, permanent: bool = False
    ) -> None:
        """See TaskRepository. One statement; with a guard two, and one more for each lost race."""
        values = {"user_id": user_id, "id": task_id, "deleted_at": POSTGRESQL.write_instant(at)}
        if permanent:
            values = rows.state_values(POSTGRESQL, user_id, Tombstone(task_id, 0, at))
        task = await self.get(user_id, task_id) if guard else None
        while True:
            if guard and task:
                guard(task)
            try:
                await self._write(user_id, values, expected=task, to_trash=not permanent)
                break
            except _TaskChanged as changed:
                if task is None or task == changed.current:
                    await require_writable(self._database, user_id)
                task = task and changed.current
        self._recent.forget(user_id, task_id)

    async def apply(
        self, user_id: UserId, batch: Evaluable, *, at: datetime, key: IdempotencyKey | None = None
    ) -> BatchResult:
        """See TaskRepository. Two round trips."""
        work = BatchWork(self._quotas, user_id, batch, at, key)
        result = await self._do(work, user_id, repeatable=key is not None)
        for task_id in {*batch.task_ids, *work.found}:
            self._recent.forget(user_id, task_id)
        return result

    async def add_imported(
        self, user_id: UserId, batch: ImportBatch, *, at: datetime, dry_run: bool = False
    ) -> BatchResult:
        """See TaskRepository. Four round trips."""
        work = BatchWork(self._quotas, user_id, batch, at, dry_run=dry_run)
        # A repeated transaction finds what the first one has added.
        return await self._do(work, user_id, repeatable=True)

    async def erase_oldest(self, user_id: UserId, *, up_to: int, limit: int) -> int:
        """See TaskRepository. Two statements, and one more if nothing is erased."""
        return await erase_oldest(self._database, user_id, up_to=up_to, limit=limit)

    async def forget_keys(self, user_id: UserId, *, before: datetime, limit: int) -> int:
        """See TaskRepository. One statement."""
        return await forget_keys(self._database, user_id, before, limit)

    async def erase_user(self, user_id: UserId, *, at: datetime, limit: int) -> bool:
        """See TaskRepository. One round trip."""
        return await erase_user(self._database, user_id, at, limit)

    async def _do(self, work: BatchWork, user_id: UserId, *, repeatable: bool) -> BatchResult:
        result, counters = await self._database.transact(user_id, work.run, repeatable=repeatable)
        await forget_surplus(self._database, self._quotas, user_id, counters.deletion_count, counters.trash_count)
        return result

    async def _write(
        self, user_id: UserId, values: dict[str, Any], *, expected: Task | None = None, to_trash: bool = False
    ) -> int:
        """Write the row of a task, or move it to the trash, and return the new revision.

        With `expected`, the row is written only if the task is still in that state.
        Raises _TaskChanged when it is not or a quota or an erasure forbids the change, TaskNotFound.
        """
        statement = chained.TRASH if to_trash else chained.WRITE
        values = {**values, **self._conditions(user_id)}
        if expected:
            statement = chained.TRASH_IF_AT if to_trash else chained.WRITE_IF_AT
            values |= {"expected": expected.revision, "expected_at": expected.updated_at}
        found = await self._database.run(statement, values, repeatable=False)
        if not found:
            raise self._missing(user_id, values["id"])
        revision: int | None
        revision, deletion_count, trash_count, *current = found[0]
        if revision is None:
            raise _TaskChanged(self._recent.remember(rows.read_task(POSTGRESQL, user_id, current)))
        await forget_surplus(self._database, self._quotas, user_id, deletion_count, trash_count)
        return revision

    def _conditions(self, user_id: UserId) -> dict[str, Any]:
        """Return the parameters that decide whether a statement may write."""
        return {**self._bounds, **permission_values(POSTGRESQL, user_id)}

    async def _check_quotas(self, change: Task, previous: Task | None = None, keys: int = 0) -> None:
        await check_quotas(self._database, self._quotas, change, previous, keys)
