"""Read a snapshot from PostgreSQL: one transaction, which sees the database as it was at one moment."""

import asyncio
from typing import Final

import sqlalchemy as sa

from todo_adapters.sql.dialects import POSTGRESQL, Statement
from todo_adapters.sql.postgres.database import Database
from todo_adapters.sql.postgres.driver.connection import COMMIT, Connection, Step
from todo_adapters.sql.snapshots import HAS_CONTENT, ID, LIST, PROJECTS, READ_SECONDS, Rows
from todo_adapters.sql.spool import Spool
from todo_adapters.sql.statements import STATE, ZERO
from todo_adapters.sql.tables import tasks
from todo_domain import Kind, UserId
from todo_domain.ports import MAX_MANY

ROWS: Final = 250
"""How many tasks are read in a round trip."""
_BEGIN: Final = Statement("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", ())
_LIST: Final = POSTGRESQL.compile(LIST)
_PROJECTS: Final = POSTGRESQL.compile(PROJECTS)
_PAGE_OF_TASKS: Final = POSTGRESQL.compile(
    sa.select(*STATE)
    .where(HAS_CONTENT, tasks.c.id > sa.bindparam("after"))
    .order_by(tasks.c.id)
    .limit(sa.bindparam("limit"))
    .offset(ZERO)
)


async def read_snapshot(database: Database, user_id: UserId, spool: Spool) -> Rows:
    """Write what the user has into the spool, and return the row of `LIST`. For `Snapshots.take`."""

    async def read(connection: Connection) -> Rows:
        await asyncio.to_thread(spool.clear)  # the transaction may run again
        of_user = {"user_id": user_id}
        limit, _ = connection.limit_transaction
        milliseconds = {"milliseconds": f"{READ_SECONDS * 1000:.0f}"}
        steps: list[Step] = [(_BEGIN, {}), (limit, milliseconds), (_LIST, of_user), (_PROJECTS, of_user)]
        *_, counters, found = await connection.run_all(steps)
        await asyncio.to_thread(_write, spool, Kind.PROJECT, found)
        values = {**of_user, "after": 0, "limit": ROWS}
        while rows := await connection.run(_PAGE_OF_TASKS, values):
            await asyncio.to_thread(_write, spool, Kind.TASK, rows)
            values["after"] = rows[-1][ID]
        await connection.run(COMMIT, {})
        return counters

    return await database.transact(user_id, read, repeatable=True, timeout_seconds=READ_SECONDS)


def _write(spool: Spool, kind: Kind, rows: Rows) -> None:
    """Write rows in parts that can be read one after the other."""
    for start in range(0, len(rows), MAX_MANY):
        spool.write(kind, rows[start : start + MAX_MANY])
