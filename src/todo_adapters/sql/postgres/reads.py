"""The reads of task lists in PostgreSQL, in single statements."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Final

from todo_adapters.sql import feed, projects, rows, statements, trash
from todo_adapters.sql.dialects import POSTGRESQL
from todo_adapters.sql.listing import ids_statement, list_statement
from todo_adapters.sql.postgres.database import Database
from todo_adapters.sql.postgres.packed_ids import packed, read_packed_ids
from todo_adapters.sql.postgres.recent_tasks import RecentTasks
from todo_adapters.sql.postgres.snapshot import read_snapshot
from todo_adapters.sql.postgres.store import PostgresStore
from todo_adapters.sql.postgres.timeline import read_changes
from todo_adapters.sql.snapshots import Snapshots
from todo_domain import (
    TASKS,
    ChangePage,
    FeedToken,
    Kind,
    Project,
    ProjectList,
    ProjectNotFound,
    Snapshot,
    Task,
    TaskIds,
    TaskNotFound,
    TaskPage,
    TaskQuery,
    TrashPage,
    TrashQuery,
    UserId,
)

_GET: Final = POSTGRESQL.compile(statements.GET)
_GET_SOME: Final = POSTGRESQL.compile(statements.GET_SOME)
_TRASH: Final = POSTGRESQL.compile(trash.TRASH)
_REVISIONS: Final = POSTGRESQL.compile(statements.REVISIONS)
_GET_PROJECT: Final = POSTGRESQL.compile(projects.GET_PROJECT)
_LIST_PROJECTS: Final = POSTGRESQL.compile(projects.LIST_PROJECTS)


class PostgresReads(PostgresStore):
    """The reads of a TaskRepository. `get` remembers its task for a change that follows: see RecentTasks."""

    def __init__(self, new_database: Callable[[], Database], snapshot_bytes: int) -> None:
        super().__init__(new_database)
        self._recent = RecentTasks()
        self._snapshots = Snapshots(POSTGRESQL, snapshot_bytes)

    async def __aexit__(self, *exception: object) -> None:
        """Close all connections; those in use close at the end of their transaction."""
        await super().__aexit__(*exception)
        self._recent.clear()

    async def get(self, user_id: UserId, task_id: int) -> Task:
        """See TaskRepository. One statement."""
        found = await self._database.run(_GET, {"user_id": user_id, "id": task_id})
        if not found:
            raise self._missing(user_id, task_id)
        return self._recent.remember(rows.read_task(POSTGRESQL, user_id, found[0]))

    async def list(self, user_id: UserId, query: TaskQuery) -> TaskPage:
        """See TaskRepository. One statement."""
        found = await self._database.read(*list_statement(POSTGRESQL, user_id, query))
        return rows.read_page(POSTGRESQL, user_id, query, found)

    async def list_ids(self, user_id: UserId, query: TaskQuery) -> TaskIds:
        """See TaskRepository. One statement."""
        statement, values = ids_statement(POSTGRESQL, user_id, query)
        return read_packed_ids(query, await self._database.read(packed(statement), values))

    async def get_many(self, user_id: UserId, task_ids: Sequence[int]) -> Sequence[Task]:
        """See TaskRepository. One statement."""
        found = await self._database.run(_GET_SOME, {"user_id": user_id, "ids": POSTGRESQL.write_set(task_ids)})
        return rows.in_order_of(task_ids, [rows.read_task(POSTGRESQL, user_id, row) for row in found])

    async def list_trash(self, user_id: UserId, query: TrashQuery) -> TrashPage:
        """See TaskRepository. One statement."""
        values = {"user_id": user_id, "before": query.before, "limit": query.limit + 1}
        return trash.read_trash(POSTGRESQL, user_id, query, await self._database.run(_TRASH, values))

    async def get_project(self, user_id: UserId, project_id: int) -> Project:
        """See TaskRepository. One statement."""
        for row in await self._database.run(_GET_PROJECT, {"user_id": user_id, "id": project_id}):
            return projects.read_project(POSTGRESQL, user_id, row)
        raise ProjectNotFound(project_id)

    async def list_projects(self, user_id: UserId) -> ProjectList:
        """See TaskRepository. One statement."""
        found = await self._database.run(_LIST_PROJECTS, {"user_id": user_id})
        return projects.read_projects(POSTGRESQL, user_id, found)

    async def changes(
        self, user_id: UserId, since: FeedToken | None, limit: int, kinds: frozenset[Kind] = TASKS
    ) -> ChangePage:
        """See TaskRepository. One statement."""
        asked = {"user_id": user_id, "since": since.revision if since else 0, "limit": limit + 1}
        found = await read_changes(self._database.run, kinds, asked)
        return feed.read_changes(POSTGRESQL, user_id, since, limit, kinds, found)

    def snapshot(self, user_id: UserId) -> AbstractAsyncContextManager[Snapshot]:
        """See SnapshotSource. One transaction, with a round trip for each `ROWS` tasks."""
        return self._snapshots.take(user_id, partial(read_snapshot, self._database, user_id))

    async def revisions(self, user_ids: Collection[UserId]) -> Mapping[UserId, int]:
        """See TaskRepository. One statement."""
        found = await self._database.run(_REVISIONS, {"user_ids": POSTGRESQL.write_set(user_ids)})
        return {UserId(user_id): revision for user_id, revision in found}

    def _missing(self, user_id: UserId, task_id: int) -> TaskNotFound:
        self._recent.forget(user_id, task_id)
        return TaskNotFound(task_id)
