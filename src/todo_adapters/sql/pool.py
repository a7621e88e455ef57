"""A small pool of PostgreSQL connections, in which the checkout of an idle one takes microseconds.

psycopg_pool takes locks, events and tasks at every checkout, which costs as much as a
small statement. Here nothing is awaited unless a connection has to be opened, tested
or waited for, and nothing at all when one is given back, so no cancellation can lose one.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from psycopg.pq import TransactionStatus

from todo_adapters.sql.connection import Connection
from todo_domain import StorageUnavailable

_TRUSTED_SECONDS = 20.0


class ConnectionLost(StorageUnavailable):
    """Raised when a connection broke in use: what was last sent on it may or may not have been done."""


class Pool:
    """Connections in autocommit, opened when needed and reused in last-in, first-out order.

    - conninfo: a libpq URL
    - min_size, max_size: how many connections to keep, and to have at most
    - checkout_seconds: how long to wait for a connection, in order of arrival
    - statement_seconds: how long a connection may be held, statements and all
    - prepare_threshold: after how many uses a statement is prepared on the server;
      None, never, is the only safe one behind a pooler that is not known to keep them
    """

    def __init__(
        self,
        conninfo: str,
        *,
        min_size: int = 1,
        max_size: int = 10,
        checkout_seconds: float = 5.0,
        statement_seconds: float = 5.0,
        prepare_threshold: int | None = None,
    ) -> None:
        self._conninfo = conninfo
        self._min_size = min_size
        self._max_size = max_size
        self._checkout_seconds = checkout_seconds
        self._statement_seconds = statement_seconds
        self._prepare_threshold = prepare_threshold
        self._size = 0  # connections that are open or being opened, none of them without an owner
        self._idle: deque[Connection] = deque()
        self._line: deque[asyncio.Future[Connection | None]] = deque()
        self._suspect_until = 0.0
        self._closed = False

    async def open(self) -> None:
        """Open the connections to keep; raise StorageUnavailable if the server can't be reached."""
        opened = [await self._acquire() for _ in range(self._min_size)]
        for connection in opened:
            self._release(connection)

    def close(self) -> None:
        """Refuse who waits and who comes, close what is idle, and the rest as it is given back."""
        self._closed = True
        while self._idle:
            self._discard(self._idle.pop())
        for turn in self._line:
            if not turn.done():
                turn.set_exception(StorageUnavailable("the database connections are closed"))

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend a connection to one task.

        Raises StorageUnavailable when there is none in time, or when its time is up;
        ConnectionLost when it broke; other errors of psycopg come through, and then
        nothing was done.
        """
        connection = await self._acquire()
        overdue = asyncio.get_running_loop().call_later(self._statement_seconds, connection.give_up)
        try:
            yield connection
        except psycopg.Error as error:
            if connection.given_up:
                raise StorageUnavailable("the database did not answer in time") from error
            if connection.closed:
                raise ConnectionLost("the connection to the database was lost") from error
            raise
        finally:
            overdue.cancel()
            self._release(connection)

    async def _acquire(self) -> Connection:
        if self._idle and self._is_fresh(self._idle[-1]):
            return self._idle.pop()
        if self._closed:
            raise StorageUnavailable("the database connections are closed")
        try:
            async with asyncio.timeout(self._checkout_seconds):
                return await self._find() or await self._open()
        except TimeoutError:
            raise StorageUnavailable("no database connection was free in time") from None
        except psycopg.Error as error:
            raise StorageUnavailable("the database can't be reached") from error

    def _is_fresh(self, connection: Connection) -> bool:
        """Say whether a connection is good without asking the server, which would be a round trip."""
        trusted_from = max(asyncio.get_running_loop().time() - _TRUSTED_SECONDS, self._suspect_until)
        return connection.idle_since > trusted_from and connection.is_quiet()

    async def _find(self) -> Connection | None:
        """Return an idle connection that answers, or one that is given back, or None: open one then."""
        while self._idle:
            connection = self._idle.pop()
            usable = False
            try:
                usable = self._is_fresh(connection) or await connection.is_writable()
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
        if connection.closed or connection.given_up:
            # What broke one may have broken the others: they have to prove themselves.
            self._suspect_until = asyncio.get_running_loop().time()
        if self._closed or connection.given_up or connection.pgconn.transaction_status != TransactionStatus.IDLE:
            self._discard(connection)
        else:
            connection.idle_since = asyncio.get_running_loop().time()
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
