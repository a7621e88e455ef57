"""Snapshots: their statements, the mapping of their rows, and their bounds."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import sqlalchemy as sa

from todo_adapters.sql.dialects import Dialect
from todo_adapters.sql.projects import PROJECT_STATE, read_project_state
from todo_adapters.sql.queues import PlaceQueue
from todo_adapters.sql.rows import read_state
from todo_adapters.sql.spool import Space, Spool
from todo_adapters.sql.statements import IN_TRASH, LIST_OF_USER, NOT_DELETED, NOT_ERASING, OF_USER, STATE
from todo_adapters.sql.tables import projects, task_lists, tasks
from todo_adapters.sql.trash import PROJECTS_IN_TRASH
from todo_domain import Content, Kind, Snapshot, StorageOverloaded, UserId
from todo_domain.ports import MAX_MANY, SNAPSHOT_SECONDS

MAX_BYTES: Final = 512 << 20
"""The default for the temporary files of all snapshots."""
WAIT_SECONDS: Final = 5.0
"""How long a snapshot waits for the one that is being read."""
READ_SECONDS: Final = SNAPSHOT_SECONDS - WAIT_SECONDS

_trash_count: Final = task_lists.c.trash_count + PROJECTS_IN_TRASH
_count: Final = task_lists.c.task_count + task_lists.c.project_count + _trash_count
LIST: Final = sa.select(task_lists.c.revision, _trash_count, _count).where(LIST_OF_USER)
"""The list's revision, and how many tasks and projects are in the trash and in all; no row without a list."""
PROJECTS: Final = (
    sa.select(*PROJECT_STATE)
    .where(
        projects.c.user_id == sa.bindparam("user_id"),
        sa.or_(projects.c.deleted_at.is_(None), projects.c.in_trash),
        NOT_ERASING,
    )
    .order_by(projects.c.id)
)
HAS_CONTENT: Final = sa.and_(OF_USER, sa.or_(NOT_DELETED, IN_TRASH), NOT_ERASING)
"""Which tasks a snapshot has."""
ID: Final = STATE.index(tasks.c.id)

Rows = Sequence[Sequence[Any]]
Read = Callable[[Spool], Awaitable[Rows]]
"""Writes the rows of `PROJECTS`, then those of all tasks by id, into an empty spool; returns those of `LIST`."""

_READERS: Final[Mapping[Kind, Callable[[Dialect, UserId, Sequence[Any]], Any]]] = {
    Kind.TASK: read_state,
    Kind.PROJECT: read_project_state,
}


class Snapshots:
    """Takes the snapshots of a store: reads one at a time, and keeps the bound of their temporary files.

    - decode: returns the rows of what is in the spool
    """

    def __init__(self, dialect: Dialect, max_bytes: int, decode: Callable[[Any], Rows] = list) -> None:
        self._dialect = dialect
        self._decode = decode
        self._space = Space(max_bytes)
        self._turn = PlaceQueue(1)

    @asynccontextmanager
    async def take(self, user_id: UserId, read: Read) -> AsyncIterator[Snapshot]:
        """Take a snapshot. Raises StorageOverloaded, StorageUnavailable, and what `read` raises."""
        spool = Spool(self._space)
        try:
            async with self._its_turn():
                counters = await read(spool)
            await asyncio.to_thread(spool.rewind)
            revision, trash_count, count = counters[0] if counters else (0, 0, 0)
            yield Snapshot(revision, trash_count, count, self._chunks(user_id, spool))
        finally:
            await asyncio.to_thread(spool.close)

    @asynccontextmanager
    async def _its_turn(self) -> AsyncIterator[None]:
        if not self._turn.try_take():
            try:
                async with asyncio.timeout(WAIT_SECONDS):
                    await self._turn.wait()
            except TimeoutError:
                raise StorageOverloaded("another snapshot is being read") from None
        try:
            yield
        finally:
            self._turn.give_back()

    async def _chunks(self, user_id: UserId, spool: Spool) -> AsyncIterator[Sequence[Content]]:
        while part := await asyncio.to_thread(spool.read):
            kind, rows = part[0], self._decode(part[1])
            for start in range(0, len(rows), MAX_MANY):
                yield [_READERS[kind](self._dialect, user_id, row) for row in rows[start : start + MAX_MANY]]
