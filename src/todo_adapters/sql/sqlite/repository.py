"""Task lists in an SQLite file: for development, one machine, and embedding."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

from todo_adapters.sql import feed, projects, rows, statements, trash
from todo_adapters.sql.admission import Caller, no_caller
from todo_adapters.sql.dialects import SQLITE
from todo_adapters.sql.listing import ids_statement, list_statement
from todo_adapters.sql.observer import Observe
from todo_adapters.sql.snapshots import MAX_BYTES, Snapshots
from todo_adapters.sql.sqlite.erase import erase_user
from todo_adapters.sql.sqlite.log_limit import LIMIT_BYTES
from todo_adapters.sql.sqlite.open_file import open_file
from todo_adapters.sql.sqlite.purge import erase_oldest, forget_keys
from todo_adapters.sql.sqlite.snapshot import read_rows, read_snapshot
from todo_adapters.sql.sqlite.store import SqliteStore
from todo_adapters.sql.sqlite.task_list import SqliteTaskList
from todo_adapters.sql.tables import store
from todo_domain import (
    NO_QUOTAS,
    TASKS,
    Added,
    Batch,
    BatchResult,
    ChangePage,
    Edit,
    FeedToken,
    Guard,
    IdempotencyKey,
    ImportBatch,
    Kind,
    Project,
    ProjectList,
    ProjectNotFound,
    Quotas,
    Snapshot,
    Task,
    TaskDraft,
    TaskIds,
    TaskNotFound,
    TaskPage,
    TaskQuery,
    TrashPage,
    TrashQuery,
    UserId,
)

_GET: Final = SQLITE.compile(statements.GET)
_GET_SOME: Final = SQLITE.compile(statements.GET_SOME)
_TRASH: Final = SQLITE.compile(trash.TRASH)
_CHANGES: Final = {kinds: SQLITE.compile(feed.changes(store, kinds)) for kinds in feed.KINDS}
_GET_PROJECT: Final = SQLITE.compile(projects.GET_PROJECT)
_LIST_PROJECTS: Final = SQLITE.compile(projects.LIST_PROJECTS)
_REVISIONS: Final = SQLITE.compile(statements.REVISIONS)


class SqliteTaskRepository(SqliteStore):
    """A TaskStore on one file, for one process and one event loop.

    One thread does all writes and commits waiting writes together, so that callers share
    the cost of a durable commit. A read sees every write whose call has returned.

    - timeout_seconds: the longest time for a call; then it raises StorageUnavailable
    - log_limit_bytes: the size of the write-ahead log at which writes wait until it is emptied
      (see LogLimit)
    - snapshot_bytes: the bound for the temporary files of all snapshots; 0 means no bound
    - caller: returns the caller of the call that begins, or None. The calls of a caller are refused
      if they would wait too long: see `sql.admission`
    - observe: is told of each statement; None costs nothing

    When the file was deleted, replaced or truncated, writes and `check_reads` notice it, and
    from then on every call raises StorageUnavailable.
    """

    def __init__(  # noqa: PLR0913 - settings, passed by name
        self,
        path: Path,
        quotas: Quotas = NO_QUOTAS,
        *,
        timeout_seconds: float = 5.0,
        log_limit_bytes: int = LIMIT_BYTES,
        snapshot_bytes: int = MAX_BYTES,
        caller: Callable[[], Caller | None] = no_caller,
        observe: Observe | None = None,
    ) -> None:
        self._quotas = quotas
        self._snapshots = Snapshots(SQLITE, snapshot_bytes, read_rows)
        super().__init__(
            partial(
                open_file,
                path,
                timeout_seconds=timeout_seconds,
                log_limit_bytes=log_limit_bytes,
                caller=caller,
                observe=observe,
            )
        )

    async def add(self, user_id: UserId, draft: TaskDraft, *, at: datetime, key: IdempotencyKey | None = None) -> Added:
        """See TaskRepository."""
        return await self._file.writer.run(
            lambda connection: SqliteTaskList(connection, user_id, self._quotas).add(draft, at, key)
        )

    async def get(self, user_id: UserId, task_id: int) -> Task:
        """See TaskRepository."""
        for row in await self._file.reader.read(_GET, {"user_id": user_id, "id": task_id}):
            return rows.read_task(SQLITE, user_id, row)
        raise TaskNotFound(task_id)

    async def list(self, user_id: UserId, query: TaskQuery) -> TaskPage:
        """See TaskRepository."""
        found = await self._file.reader.read(*list_statement(SQLITE, user_id, query))
        return rows.read_page(SQLITE, user_id, query, found)

    async def list_ids(self, user_id: UserId, query: TaskQuery) -> TaskIds:
        """See TaskRepository."""
        return await self._file.reader.fetch(*ids_statement(SQLITE, user_id, query), partial(rows.read_ids, query))

    async def get_many(self, user_id: UserId, task_ids: Sequence[int]) -> Sequence[Task]:
        """See TaskRepository."""
        found = await self._file.reader.read(_GET_SOME, {"user_id": user_id, "ids": SQLITE.write_set(task_ids)})
        return rows.in_order_of(task_ids, [rows.read_task(SQLITE, user_id, row) for row in found])

    async def change(self, user_id: UserId, task_id: int, edit: Edit) -> Task:
        """See TaskRepository."""
        return await self._file.writer.run(
            lambda connection: SqliteTaskList(connection, user_id, self._quotas).change(task_id, edit)
        )

    async def remove(
        self, user_id: UserId, task_id: int, *, at: datetime, guard: Guard | None = None, permanent: bool = False
    ) -> None:
        """See TaskRepository."""
        await self._file.writer.run(
            lambda connection: SqliteTaskList(connection, user_id, self._quotas).remove(
                task_id, at, guard, permanent=permanent
            )
        )

    async def apply(
        self, user_id: UserId, batch: Batch, *, at: datetime, key: IdempotencyKey | None = None
    ) -> BatchResult:
        """See TaskRepository."""
        return await self._file.writer.run(
            lambda connection: SqliteTaskList(connection, user_id, self._quotas).apply(batch, at, key)
        )

    async def add_imported(
        self, user_id: UserId, batch: ImportBatch, *, at: datetime, dry_run: bool = False
    ) -> BatchResult:
        """See TaskRepository."""
        return await self._file.writer.run(
            lambda connection: SqliteTaskList(connection, user_id, self._quotas).add_imported(
                batch, at, dry_run=dry_run
            )
        )

    async def list_trash(self, user_id: UserId, query: TrashQuery) -> TrashPage:
        """See TaskRepository."""
        values = {"user_id": user_id, "before": query.before, "limit": query.limit + 1}
        return trash.read_trash(SQLITE, user_id, query, await self._file.reader.read(_TRASH, values))

    async def erase_oldest(self, user_id: UserId, *, up_to: int, limit: int) -> int:
        """See TaskRepository."""
        return await self._file.writer.run(lambda connection: erase_oldest(connection, user_id, up_to, limit))

    async def forget_keys(self, user_id: UserId, *, before: datetime, limit: int) -> int:
        """See TaskRepository."""
        return await self._file.writer.run(lambda connection: forget_keys(connection, user_id, before, limit))

    async def get_project(self, user_id: UserId, project_id: int) -> Project:
        """See TaskRepository."""
        for row in await self._file.reader.read(_GET_PROJECT, {"user_id": user_id, "id": project_id}):
            return projects.read_project(SQLITE, user_id, row)
        raise ProjectNotFound(project_id)

    async def list_projects(self, user_id: UserId) -> ProjectList:
        """See TaskRepository."""
        return projects.read_projects(
            SQLITE, user_id, await self._file.reader.read(_LIST_PROJECTS, {"user_id": user_id})
        )

    async def changes(
        self, user_id: UserId, since: FeedToken | None, limit: int, kinds: frozenset[Kind] = TASKS
    ) -> ChangePage:
        """See TaskRepository."""
        values = {"user_id": user_id, "since": since.revision if since else 0, "limit": limit + 1}
        found = await self._file.reader.read(_CHANGES[kinds], values)
        return feed.read_changes(SQLITE, user_id, since, limit, kinds, found)

    def snapshot(self, user_id: UserId) -> AbstractAsyncContextManager[Snapshot]:
        """See SnapshotSource. One transaction."""
        return self._snapshots.take(user_id, partial(read_snapshot, self._file.reader, user_id))

    async def erase_user(self, user_id: UserId, *, at: datetime, limit: int) -> bool:
        """See TaskRepository."""
        return await self._file.writer.run(lambda connection: erase_user(connection, user_id, at, limit))

    async def revisions(self, user_ids: Collection[UserId]) -> Mapping[UserId, int]:
        """See TaskRepository."""
        found = await self._file.reader.read(_REVISIONS, {"user_ids": SQLITE.write_set(user_ids)})
        return {UserId(user_id): revision for user_id, revision in found}
