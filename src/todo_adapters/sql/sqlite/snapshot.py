"""Read a snapshot from an SQLite file: one transaction, in a thread.

SQLite itself converts the tasks to JSON, fifty at a time. Converting them to Python in the thread would
keep the event loop waiting for Python's global lock.
"""

import json
import sqlite3
from functools import partial
from typing import Any, Final

import sqlalchemy as sa

from todo_adapters.sql.dialects import SQLITE
from todo_adapters.sql.snapshots import HAS_CONTENT, ID, LIST, PROJECTS, READ_SECONDS, Rows
from todo_adapters.sql.spool import Spool
from todo_adapters.sql.sqlite.readers import SqliteReader
from todo_adapters.sql.statements import LIST_OF_USER, ONE, STATE
from todo_adapters.sql.tables import task_lists, tasks
from todo_domain import Kind, UserId
from todo_domain.ports import MAX_MANY

_SIZE: Final[sa.ColumnElement[int]] = sa.literal_column(str(MAX_MANY))


def _tasks() -> sa.Select[Any]:
    """Return the statement for all tasks: in each row, those with the next ids."""
    ranges = sa.select(ONE.label("first")).cte("ranges", recursive=True)
    last = sa.select(task_lists.c.last_task_id).where(LIST_OF_USER).scalar_subquery()
    ranges = ranges.union_all(sa.select(ranges.c.first + _SIZE).where(ranges.c.first + _SIZE <= last))
    in_range = sa.and_(tasks.c.id >= ranges.c.first, tasks.c.id < ranges.c.first + _SIZE)
    rows = sa.select(sa.func.json_group_array(sa.func.json_array(*STATE))).where(HAS_CONTENT, in_range)
    return sa.select(rows.correlate(ranges).scalar_subquery()).select_from(ranges)


_LIST: Final = SQLITE.compile(LIST)
_PROJECTS: Final = SQLITE.compile(PROJECTS)
_TASKS: Final = SQLITE.compile(_tasks())


async def read_snapshot(reader: SqliteReader, user_id: UserId, spool: Spool) -> Rows:
    """Write what the user has into the spool, and return the row of `LIST`. For `Snapshots.take`."""
    return await reader.fetch_in_thread("BEGIN", {"user_id": user_id}, partial(_read, spool, user_id), READ_SECONDS)


def _read(spool: Spool, user_id: UserId, cursor: sqlite3.Cursor) -> Rows:
    spool.clear()  # the log's limit may let the read begin again
    values = {"user_id": user_id}
    try:
        counters = cursor.execute(_LIST, values).fetchall()
        spool.write(Kind.PROJECT, json.dumps(cursor.execute(_PROJECTS, values).fetchall()))
        # One statement, because only a long one notices that it must end.
        for (rows,) in cursor.execute(_TASKS, values):
            spool.write(Kind.TASK, rows)
    finally:
        cursor.connection.rollback()
    return counters


def read_rows(written: str) -> Rows:
    """Return the rows of one part of the spool, in order of id."""
    rows: list[list[Any]] = json.loads(written)
    rows.sort(key=lambda row: row[ID])
    return rows
