"""A small pool of PostgreSQL connections."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import psycopg
from psycopg.errors import (
    DeadlockDetected,
    FeatureNotSupported,
    InvalidSqlStatementName,
    ReadOnlySqlTransaction,
    SerializationFailure,
    UniqueViolation,
)
from psycopg.pq import TransactionStatus

from todo_adapters.sql.postgres.driver.causes import cause_of
from todo_adapters.sql.postgres.driver.connection import Connection
from todo_adapters.sql.postgres.driver.deadline import Deadline
from todo_adapters.sql.postgres.driver.errors import ConnectionLost, TransactionUndone
from todo_domain import StorageUnavailable

T = TypeVar("T")

_TRUSTED_SECONDS: Final = 20.0
_SURPLUS_SECONDS: Final = 600.0
_UNDONE: Final = (DeadlockDetected, SerializationFailure, UniqueViolation)
# Nothing was done, and a new session can do it: this one is read-only, lost its prepared
# statements, or has prepared them for a column whose type a migration has changed.
_OF_SESSION: Final = (ReadOnlySqlTransaction, InvalidSqlStatementName, FeatureNotSupported)


class Pool:
    """Connections in autocommit: opened on demand, lent last in, first out, and closed when unused for ten minutes.

    - conninfo: libpq's
    - max_size: the maximum number of connections
    - timeout_seconds: the longest time for a call of `run`, including the wait for a connection
    - prepare_threshold: prepare a statement after this number of uses, if the pooler keeps
      prepared statements; None prepares on direct connections only

    A connection that is being opened, used or closed occupies one of `max_size` places.
    Calls wait for a place in order of arrival. At its deadline the task of a call is
    cancelled, whatever it waits for. Every call frees its place: at once, or within a second
    if the server must first be asked to stop a statement. So neither the end of a call nor
    a place depends on the server or the network.
    """

    def __init__(
        self,
        conninfo: str,
        *,
        max_size: int = 10,
        timeout_seconds: float = 5.0,
        prepare_threshold: int | None = None,
    ) -> None:
        self._conninfo = conninfo
        self.timeout_seconds = timeout_seconds
        self._prepare_threshold = prepare_threshold
        self._places = asyncio.Semaphore(max_size)
        self._idle: deque[tuple[Connection, float]] = deque()
        self._suspect_before = 0.0
        self._stopping: set[asyncio.Task[None]] = set()
        self._is_closed = False

    async def close(self) -> None:
        """Close the idle connections now and the others when they are given back; lend no more."""
        self._is_closed = True
        self._close_idle()
        await asyncio.gather(*self._stopping)

    async def run(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Run work, which is one transaction, on a connection that nothing else uses meanwhile; return its result.

        The work runs a second time, on a new connection, if the server refused it because of
        the session: its prepared statements are stale, or it became read-only. Raises
        StorageUnavailable at the deadline and instead of psycopg's errors: its subclass
        ConnectionLost when the connection broke, TransactionUndone when the work can run again.
        """
        missing = "no database connection was free"
        try:
            with Deadline(self.timeout_seconds):
                await self._places.acquire()
                missing = "the database did not respond"
                connection = self._trusted_idle() or await self._check_out()
                try:
                    try:
                        return await work(connection)
                    except _OF_SESSION:
                        connection.close()
                        self._suspect_idle()
                        connection = await self._open()
                        return await work(connection)
                except psycopg.Error as error:
                    raise self._failure_of(connection, error) from error
                finally:
                    self._check_in(connection)
        except TimeoutError as error:
            self._suspect_idle()
            raise StorageUnavailable(f"{missing} in time") from error

    def _open(self) -> Awaitable[Connection]:
        return Connection.open(self._conninfo, self._prepare_threshold)

    def _failure_of(self, connection: Connection, error: psycopg.Error) -> StorageUnavailable:
        if isinstance(error, _UNDONE):
            return TransactionUndone("the database undid a transaction because of another one")
        if connection.is_closed:
            self._suspect_idle()
            return ConnectionLost("the connection to the database was lost")
        return StorageUnavailable("the database reported an error")

    def _trusted_idle(self) -> Connection | None:
        """Return the connection that was used last, if that was recently and the server has sent nothing since."""
        if self._idle:
            connection, since = self._idle[-1]
            trusted_since = max(time.monotonic() - _TRUSTED_SECONDS, self._suspect_before)
            if since > trusted_since and not connection.has_input():
                self._idle.pop()
                return connection
        return None

    async def _check_out(self) -> Connection:
        """Return a connection that works, or free the place that was taken for it and raise."""
        try:
            connection = await self._tested_idle()
            return connection or await self._open()
        except psycopg.Error as error:
            self._places.release()
            cause = cause_of(error)
            raise StorageUnavailable(f"the database can't be reached{f': {cause}' if cause else ''}") from error
        except BaseException:
            self._places.release()
            raise

    async def _tested_idle(self) -> Connection | None:
        """Return the connection that was used last, if it works; otherwise close the idle ones."""
        if self._is_closed:
            raise StorageUnavailable("the database connections are closed")
        if not self._idle:
            return None
        connection, _ = self._idle.pop()
        is_writable = False
        try:
            is_writable = await connection.is_writable()
        finally:
            if not is_writable:
                connection.close()
                self._close_idle()  # the others were used longer ago
        return connection if is_writable else None

    def _check_in(self, connection: Connection) -> None:
        """Keep a connection, or close it, and free its place."""
        status = connection.status
        if status == TransactionStatus.ACTIVE:  # the call was cancelled, by its deadline or by the caller
            stopping = asyncio.create_task(self._stop(connection))
            self._stopping.add(stopping)
            stopping.add_done_callback(self._stopping.discard)
            return
        if self._is_closed or status != TransactionStatus.IDLE:
            connection.close()
        else:
            self._idle.append((connection, now := time.monotonic()))
            if self._idle[0][1] < now - _SURPLUS_SECONDS:
                self._idle.popleft()[0].close()
        self._places.release()

    async def _stop(self, connection: Connection) -> None:
        """Ask the server to stop an abandoned statement, then free the place: statements must not pile up there."""
        try:
            await connection.cancel()
        finally:
            connection.close()
            self._places.release()

    def _suspect_idle(self) -> None:
        """Require a test of every connection that is idle now before its next use: it may be broken too."""
        self._suspect_before = time.monotonic()

    def _close_idle(self) -> None:
        while self._idle:
            self._idle.pop()[0].close()
