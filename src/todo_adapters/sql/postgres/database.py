"""A PostgreSQL database with our schema, and its transactions, which are repeated where that is safe."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, Final, TypeVar

from psycopg.rows import TupleRow

from todo_adapters.sql.dialects import Statement
from todo_adapters.sql.migrations import is_current
from todo_adapters.sql.postgres.driver.causes import is_lasting
from todo_adapters.sql.postgres.driver.connection import Connection
from todo_adapters.sql.postgres.driver.conninfo import is_neon_pooler
from todo_adapters.sql.postgres.driver.errors import ConnectionLost, TransactionUndone
from todo_adapters.sql.postgres.driver.pool import Pool
from todo_domain import StorageUnavailable, StoreUnusable

T = TypeVar("T")

_MAX_ATTEMPTS: Final = 20
_THRESHOLD_OF_NEON: Final = 5


class Database:
    """A database and a pool of connections to it. The arguments are as for PostgresTaskRepository.

    A repeatable transaction runs once more when its connection breaks. Others do not: nobody
    can tell afterwards whether the first attempt took effect. A transaction that the server
    undid because of another one is always repeated, up to 20 times.
    """

    def __init__(
        self, conninfo: str, *, max_connections: int, timeout_seconds: float, prepare_threshold: int | None
    ) -> None:
        is_neon = is_neon_pooler(conninfo)
        self._conninfo = conninfo
        self._pool = Pool(
            conninfo,
            max_size=max_connections,
            timeout_seconds=timeout_seconds,
            prepare_threshold=_THRESHOLD_OF_NEON if is_neon and prepare_threshold is None else prepare_threshold,
        )

    async def open(self) -> None:
        """Check the schema. Raises StorageUnavailable if it can't be read in time.

        Raises StoreUnusable if it is not this version's, or the server refuses the connection.
        """
        async with AsyncExitStack() as opened:
            opened.push_async_callback(self.close)
            # The check of the schema has no deadline. Run it only on a server that responds.
            try:
                await self._pool.run(Connection.is_direct)
            except StorageUnavailable as error:
                if is_lasting(error.__cause__):
                    raise StoreUnusable(str(error)) from error.__cause__
                raise
            if not await asyncio.to_thread(is_current, self._conninfo):
                raise StoreUnusable("the database does not have this version's schema: run `todo-api migrate`")
            opened.pop_all()

    async def close(self) -> None:
        """Close all connections; those in use close at the end of their transaction."""
        await self._pool.close()

    def run(
        self, statement: Statement, values: Mapping[str, Any], *, repeatable: bool = True
    ) -> Awaitable[Sequence[TupleRow]]:
        """Run one statement in a transaction and return its rows."""
        return self.transact(lambda connection: connection.run(statement, values), repeatable=repeatable)

    async def transact(self, work: Callable[[Connection], Awaitable[T]], *, repeatable: bool) -> T:
        """Run work that is one transaction, and return its result."""
        attempts = 0
        while True:
            try:
                return await self._pool.run(work)
            except TransactionUndone:
                attempts += 1
                if attempts == _MAX_ATTEMPTS:
                    raise
            except ConnectionLost:
                if not repeatable:
                    raise
                repeatable = False
