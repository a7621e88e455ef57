"""A small pool of PostgreSQL connections, in which the checkout of an idle one takes microseconds.

psycopg_pool takes locks, events and tasks at every checkout, which costs as much as a
small statement. Here nothing is awaited unless a connection has to be opened, tested
or waited for, and nothing at all when one is given back, so no cancellation can lose it.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import psycopg
from psycopg.errors import DeadlockDetected, ReadOnlySqlTransaction, SerializationFailure, UniqueViolation
from psycopg.pq import TransactionStatus

from todo_adapters.sql.postgres_connection import Connection
from todo_domain import StorageUnavailable

_TRUSTED_SECONDS: Final = 20.0
_SURPLUS_SECONDS: Final = 600.0
_RACES: Final = (DeadlockDetected, SerializationFailure, UniqueViolation)


class ConnectionLost(StorageUnavailable):
    """Raised when a connection broke in use: what was last sent on it may or may not have been done."""


class RaceLost(StorageUnavailable):
    """Raised when a transaction was undone because of another one: do it again."""


class Pool:
    """Connections in autocommit, opened when needed, lent last in, first out, closed when long unused.

    - conninfo: libpq's; max_size: how many connections there may be
    - checkout_seconds: how long to wait for one, in order of arrival
    - statement_seconds: how long one is lent, statements and all; a server that does
      not even answer a cancellation gets half a second more
    - prepare_threshold: after how many uses a statement is prepared, where the caller
      knows that the pooler keeps it; None prepares on direct connections only
    """

    def __init__(
        self,
        conninfo: str,
        *,
        max_size: int = 10,
        checkout_seconds: float = 5.0,
        statement_seconds: float = 5.0,
        prepare_threshold: int | None = None,
    ) -> None:
        self._conninfo = conninfo
        self._max_size = max_size
        self._checkout_seconds = checkout_seconds
        self._statement_seconds = statement_seconds
        self._prepare_threshold = prepare_threshold
        self._size = 0
        self._idle: deque[Connection] = deque()
        # Nobody stands in line while a connection is idle, or one more may be opened.
        self._line: deque[asyncio.Future[Connection | None]] = deque()
        self._suspect_until = 0.0
        self._closed = False

    def close(self) -> None:
        """Close what is idle, and the rest as it is given back; refuse who waits and who comes."""
        self._closed = True
        while self._idle:
            self._discard(self._idle.pop())
        for turn in self._line:
            if not turn.done():
                turn.set_exception(StorageUnavailable("the database connections are closed"))

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend a connection to one task.

        Raises nothing of psycopg's but StorageUnavailable: ConnectionLost when it
        broke, RaceLost when its transaction did, else one that is final.
        """
        connection = await self._acquire()
        overdue = asyncio.get_running_loop().call_later(self._statement_seconds, connection.give_up)
        try:
            yield connection
        except psycopg.Error as error:
            raise self._judge(connection, error) from error
        finally:
            overdue.cancel()
            self._release(connection)

    def _judge(self, connection: Connection, error: psycopg.Error) -> StorageUnavailable:
        if isinstance(error, _RACES):
            return RaceLost("the database undid a transaction for the sake of another")
        if connection.given_up or connection.closed or isinstance(error, ReadOnlySqlTransaction):
            # What is wrong with one may be wrong with all: they have to prove themselves.
            self._suspect_until = asyncio.get_running_loop().time()
            lost = connection.closed and not connection.given_up
            connection.hang_up()
            if lost:
                return ConnectionLost("the connection to the database was lost")
        return StorageUnavailable("the database failed, or did not answer in time")

    async def _acquire(self) -> Connection:
        if self._idle and self._is_fresh(self._idle[-1]):
            return self._idle.pop()
        if self._closed:
            raise StorageUnavailable("the database connections are closed")
        try:
            async with asyncio.timeout(self._checkout_seconds):
                return await self._find() or await self._open()
        except TimeoutError:
            raise StorageUnavailable("there was no free database connection in time") from None
        except psycopg.Error as error:
            raise StorageUnavailable("the database can't be reached") from error

    def _is_fresh(self, connection: Connection) -> bool:
        """Say whether a connection is good without a round trip to the server."""
        trusted_from = max(asyncio.get_running_loop().time() - _TRUSTED_SECONDS, self._suspect_until)
        return connection.idle_since > trusted_from and connection.is_quiet()

    async def _find(self) -> Connection | None:
        """Return an idle connection that answers, or one that is given back; or None: one may be opened."""
        while self._idle:
            connection = self._idle.pop()
            usable = False
            try:
                usable = await connection.is_writable()
            finally:
                if not usable:
                    self._discard(connection)
            if usable:
                return connection
        if self._size < self._max_size:
            self._size += 1
            return None
        return await self._stand_in_line()

    async def _stand_in_line(self) -> Connection | None:
        turn: asyncio.Future[Connection | None] = asyncio.get_running_loop().create_future()
        self._line.append(turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._pass_on(turn.result())
            raise

    async def _open(self) -> Connection:
        try:
            return await Connection.open(self._conninfo, self._prepare_threshold)
        except BaseException:
            self._pass_on(None)
            raise

    def _release(self, connection: Connection) -> None:
        if self._closed or connection.given_up or connection.pgconn.transaction_status != TransactionStatus.IDLE:
            self._discard(connection)
            return
        connection.idle_since = asyncio.get_running_loop().time()
        if self._idle and self._idle[0].idle_since < connection.idle_since - _SURPLUS_SECONDS:
            self._discard(self._idle.popleft())
        self._pass_on(connection)

    def _discard(self, connection: Connection) -> None:
        connection.hang_up()
        self._pass_on(None)

    def _pass_on(self, connection: Connection | None) -> None:
        """Give a connection, or the right to open one, to whoever has waited longest."""
        while self._line:
            turn = self._line.popleft()
            if not turn.done():
                turn.set_result(connection)
                return
        if connection:
            self._idle.append(connection)
        else:
            self._size -= 1
