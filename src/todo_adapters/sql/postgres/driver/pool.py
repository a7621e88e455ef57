"""A small pool of PostgreSQL connections, in which the checkout of an idle one takes microseconds.

psycopg_pool takes locks, events and tasks at every checkout, which costs as much as a
small statement. Here nothing is awaited unless a connection has to be opened, tested
or waited for, and nothing at all when one is given back, so no cancellation can lose it.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import psycopg
from psycopg.errors import DeadlockDetected, ReadOnlySqlTransaction, SerializationFailure, UniqueViolation
from psycopg.pq import TransactionStatus

from todo_adapters.sql.postgres.driver.causes import cause_of
from todo_adapters.sql.postgres.driver.connection import Connection
from todo_adapters.sql.postgres.driver.deadlines import Deadlines
from todo_domain import StorageUnavailable

T = TypeVar("T")

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
      not even heed a cancellation gets a second more
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
        self._prepare_threshold = prepare_threshold
        # Who has one of the places may hold a connection.
        self._free_places = max_size
        self._queue: deque[asyncio.Future[Connection | None]] = deque()
        self._waits = Deadlines(checkout_seconds, _end_wait)
        self._loans = Deadlines(statement_seconds, Connection.give_up)
        self._idle: deque[Connection] = deque()
        self._farewells: set[asyncio.Task[None]] = set()
        self._suspect_until = 0.0
        self._closed = False

    async def close(self) -> None:
        """Close what is idle, and the rest as it is given back; lend nothing more."""
        self._closed = True
        self._hang_up_idle()
        await asyncio.gather(*self._farewells)

    async def lend(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Do work on a connection, and return what it returns.

        In place of psycopg's errors it raises StorageUnavailable: as ConnectionLost
        when the connection broke, as RaceLost when a transaction can be run again.
        """
        connection = await self._acquire()
        self._loans.begin(connection)
        try:
            return await work(connection)
        except psycopg.Error as error:
            raise self._judge(connection, error) from error
        finally:
            self._loans.end(connection)
            self._release(connection)

    def _judge(self, connection: Connection, error: psycopg.Error) -> StorageUnavailable:
        if isinstance(error, _RACES):
            return RaceLost("the database undid a transaction for the sake of another")
        lost = connection.closed and not connection.given_up
        if lost or connection.given_up or isinstance(error, ReadOnlySqlTransaction):
            # What is wrong with one may be wrong with all: they have to prove themselves.
            self._suspect_until = time.monotonic()
            connection.hang_up()
        if lost:
            return ConnectionLost("the connection to the database was lost")
        return StorageUnavailable("the database failed, or did not answer in time")

    async def _acquire(self) -> Connection:
        if self._free_places:
            self._free_places -= 1
            if self._idle and self._is_fresh(self._idle[-1]):
                return self._idle.pop()
            deadline = self._waits.deadline()
        else:
            connection, deadline = await self._wait()
            if connection:
                if connection.idle_since and not connection.closed:
                    return connection
                connection.hang_up()  # its server said farewell since it was given back
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                return await self._find() or await Connection.open(self._conninfo, self._prepare_threshold)
        except (psycopg.Error, TimeoutError) as error:
            self._pass_on(None)
            cause = cause_of(error)
            raise StorageUnavailable(f"the database can't be reached{f': {cause}' if cause else ''}") from error
        except BaseException:
            self._pass_on(None)
            raise

    async def _find(self) -> Connection | None:
        """Return an idle connection that is good, or None when there is none."""
        if self._closed:
            raise StorageUnavailable("the database connections are closed")
        if self._idle:
            connection = self._idle.pop()
            if self._is_fresh(connection) or await connection.is_writable():
                return connection
            self._hang_up_idle()  # those were out of use for longer
        return None

    def _is_fresh(self, connection: Connection) -> bool:
        """Say whether a connection is good without a round trip to the server."""
        trusted_from = max(time.monotonic() - _TRUSTED_SECONDS, self._suspect_until)
        return connection.idle_since > trusted_from and connection.is_quiet()

    def _release(self, connection: Connection) -> None:
        status = connection.pgconn.transaction_status
        if status == TransactionStatus.ACTIVE:
            # Its user was cancelled. The place stays taken until the server knows: it has so many sessions, too.
            farewell = asyncio.create_task(self._dismiss(connection))
            self._farewells.add(farewell)
            farewell.add_done_callback(self._farewells.discard)
            return
        if self._closed or connection.given_up or status != TransactionStatus.IDLE:
            connection.hang_up()
            self._pass_on(None)
        else:
            self._pass_on(connection)

    async def _dismiss(self, connection: Connection) -> None:
        try:
            await connection.stop()
        finally:
            connection.hang_up()
            self._pass_on(None)

    async def _wait(self) -> tuple[Connection | None, float]:
        """Wait for a place, and return the connection that comes with it, if one does, and the end of the time."""
        turn = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        deadline = self._waits.begin(turn)
        try:
            return await turn, deadline
        except asyncio.CancelledError:
            if not turn.cancelled() and not turn.exception():  # the place was given at the same moment
                if connection := turn.result():
                    self._release(connection)
                else:
                    self._pass_on(None)
            raise
        finally:
            self._waits.end(turn)

    def _pass_on(self, connection: Connection | None) -> None:
        """Give a place, and what was used in it until now, to who waits for longest, or keep them."""
        if connection:
            connection.idle_since = time.monotonic()
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(connection)
                return
        self._free_places += 1
        if connection:
            self._idle.append(connection)
            if self._idle[0].idle_since < connection.idle_since - _SURPLUS_SECONDS:
                self._idle.popleft().hang_up()

    def _hang_up_idle(self) -> None:
        while self._idle:
            self._idle.pop().hang_up()


def _end_wait(turn: asyncio.Future[Connection | None]) -> None:
    if not turn.done():
        turn.set_exception(StorageUnavailable("there was no free database connection in time"))
