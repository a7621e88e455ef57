"""A small pool of PostgreSQL connections."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from functools import partial
from typing import Final, TypeVar

import psycopg
from psycopg.errors import (
    DeadlockDetected,
    FeatureNotSupported,
    InvalidSqlStatementName,
    LockNotAvailable,
    ReadOnlySqlTransaction,
    SerializationFailure,
    UniqueViolation,
)
from psycopg.pq import TransactionStatus

from todo_adapters.sql.admission import Admission, Caller, Figures, no_caller
from todo_adapters.sql.postgres.driver.causes import Cause, cause_of
from todo_adapters.sql.postgres.driver.connection import Connection
from todo_adapters.sql.postgres.driver.deadline import Deadline
from todo_adapters.sql.postgres.driver.errors import ConnectionLost, TransactionUndone
from todo_adapters.sql.postgres.driver.fast_reads import FastReads
from todo_adapters.sql.postgres.driver.idle import IdleConnections
from todo_adapters.sql.queues import PlaceQueue, Shares
from todo_domain import StorageOverloaded, StorageUnavailable

T = TypeVar("T")

_MAX_ATTEMPTS: Final = 20
_FULL_SECONDS: Final = 0.5
_NO_RESPONSE: Final = "the database did not respond"
_UNDONE: Final = (DeadlockDetected, LockNotAvailable, SerializationFailure, UniqueViolation)
# Nothing was done, and a new session can do it: this one is read-only, lost its prepared
# statements, or has prepared them for a column whose type a migration has changed.
_OF_SESSION: Final = (ReadOnlySqlTransaction, InvalidSqlStatementName, FeatureNotSupported)


class Pool:
    """Connections in autocommit, opened on demand.

    - conninfo: libpq's
    - max_size: the maximum number of connections
    - timeout_seconds: the longest time for a call of `run`, with all its waits and attempts
    - prepare_threshold: prepare a statement after this number of uses, if the pooler keeps
      prepared statements; None prepares on direct connections only
    - caller: returns the caller of the call that begins, or None; see Admission
    - connection_type: Connection or a subclass

    A connection that is being opened, used or closed occupies one of `max_size` places, and
    calls for one owner occupy at most half of them (at least one). Calls wait for a place in
    order of arrival. A place for which the server grants no connection stays out of use for
    half a second. At its deadline the task of a call is cancelled, whatever it waits for.
    Every call frees its place: at once, or within a second if the server must first be asked
    to stop a statement. So neither the end of a call nor a place depends on the server or
    the network.
    """

    def __init__(  # noqa: PLR0913 - settings, passed by name
        self,
        conninfo: str,
        *,
        max_size: int = 10,
        timeout_seconds: float = 5.0,
        prepare_threshold: int | None = None,
        caller: Callable[[], Caller | None] = no_caller,
        connection_type: type[Connection] = Connection,
    ) -> None:
        self._conninfo = conninfo
        self._max_size = max_size
        self.timeout_seconds = timeout_seconds
        self._prepare_threshold = prepare_threshold
        self._connection_type = connection_type
        self._places = PlaceQueue(max_size)
        self._shares = Shares(max(1, max_size // 2))
        self._turns = Shares(1)
        self._fast_reads = FastReads()
        self._idle = IdleConnections()
        self._admission = Admission(max_size, timeout_seconds, caller)
        self._stopping: set[asyncio.Task[None]] = set()
        self._is_closed = False

    async def close(self) -> None:
        """Close the idle connections now and the others when they are given back; lend no more."""
        self._is_closed = True
        self._idle.close()
        await asyncio.gather(*self._stopping)

    def figures(self) -> Figures:
        """Return how many connections there are and may be, and the figures of the queue for them."""
        return {
            ("pool_connections", "used"): self._max_size - self._places.free,
            ("pool_connections", "idle"): len(self._idle),
            ("pool_connections_max", ""): self._max_size,
            **self._admission.figures("connection"),
        }

    async def run(
        self,
        work: Callable[[Connection], Awaitable[T]],
        *,
        owner: str | None = None,
        repeatable: bool = False,
        statement: Hashable = None,
        timeout_seconds: float | None = None,
    ) -> T:
        """Run work, which is one transaction, on a connection that nothing else uses meanwhile; return its result.

        - owner: the user for whom the work is done, if it is done for one
        - repeatable: the work may run once more if the connection broke. Otherwise it does
          not, because nobody can tell whether the first attempt took effect.
        - statement: the statement of the work, if it only reads and may take long. One such read of
          an owner runs at a time, besides those that were fast: else one user could use all cores.
        - timeout_seconds: the longest time for this call, if it is not that of the pool

        Work that the server undid because of another transaction runs again, up to 20 times.
        Raises StorageUnavailable at the deadline and instead of psycopg's errors: its subclass
        ConnectionLost when the connection broke, StorageOverloaded when the work was not begun
        because there was no place for it.
        """
        attempts = 0
        run_once = self._run_once if statement is None else partial(self._run_in_turn, statement)
        try:
            with Deadline(timeout_seconds or self.timeout_seconds) as deadline:
                while True:
                    try:
                        return await run_once(work, owner, deadline)
                    except TransactionUndone:
                        attempts += 1
                        if attempts == _MAX_ATTEMPTS:
                            raise
                    except ConnectionLost:
                        if not repeatable:
                            raise
                        repeatable = False
        except TimeoutError as error:
            self._idle.suspect()
            message = f"{deadline.reason} in time"
            if deadline.reason == _NO_RESPONSE:
                raise StorageUnavailable(message, Cause.NO_RESPONSE.kind) from error
            raise StorageOverloaded(message) from error

    async def _run_in_turn(
        self, statement: Hashable, work: Callable[[Connection], Awaitable[T]], owner: str | None, deadline: Deadline
    ) -> T:
        # Without a free place, the admission decides who may wait, and refuses others at once.
        may_wait = self._places.free > 0 and not self._fast_reads.includes(owner, statement)
        waiting = owner if may_wait else None
        if waiting is not None and not self._turns.try_take(waiting):
            deadline.reason = "an earlier read of the user did not end"
            await self._turns.wait(waiting)
        try:
            return await self._run_once(
                lambda connection: self._fast_reads.measured(owner, statement, work(connection)), owner, deadline
            )
        finally:
            self._turns.give_back(waiting)

    async def _run_once(self, work: Callable[[Connection], Awaitable[T]], owner: str | None, deadline: Deadline) -> T:
        if owner is not None and not self._shares.try_take(owner):
            deadline.reason = "no connection of the user's share was free"
            await self._shares.wait(owner)
        try:
            if self._places.try_take():
                self._admission.begin()
            else:
                deadline.reason = "no database connection was free"
                await self._admission.wait(self._places.wait, self._places.give_back)
            deadline.reason = _NO_RESPONSE
            connection = self._idle.take_trusted() or await self._check_out(deadline)
        except BaseException:
            self._shares.give_back(owner)
            raise
        try:
            try:
                return await work(connection)
            except _OF_SESSION:
                connection.close()
                self._idle.suspect()
                connection = await self._open()
                return await work(connection)
        except psycopg.Error as error:
            raise self._failure_of(connection, error) from error
        finally:
            self._check_in(connection, owner)

    def _failure_of(self, connection: Connection, error: psycopg.Error) -> StorageUnavailable:
        if isinstance(error, _UNDONE):
            return TransactionUndone("the database undid a transaction because of another one")
        if connection.is_closed:
            self._idle.suspect()
            return ConnectionLost("the connection to the database was lost")
        return StorageUnavailable("the database reported an error")

    async def _check_out(self, deadline: Deadline) -> Connection:
        """Return a connection that works for the place that the caller has; if there is none, free the place."""
        while True:
            try:
                return self._idle.take_trusted() or await self._idle.take_tested() or await self._open()
            except psycopg.Error as error:
                cause = cause_of(error)
                if cause != Cause.NO_FREE_CONNECTION:
                    self._places.give_back()
                    message = f"the database can't be reached{f': {cause}' if cause else ''}"
                    raise StorageUnavailable(message, cause and cause.kind) from error
            except BaseException:
                self._places.give_back()
                raise
            deadline.reason = Cause.NO_FREE_CONNECTION
            asyncio.get_running_loop().call_later(_FULL_SECONDS, self._places.give_back)
            await self._places.wait(first=True)
            deadline.reason = _NO_RESPONSE

    async def _open(self) -> Connection:
        if self._is_closed:
            raise StorageUnavailable("the database connections are closed")
        return await self._connection_type.open(self._conninfo, self._prepare_threshold, self.timeout_seconds)

    def _check_in(self, connection: Connection, owner: str | None) -> None:
        """Keep a connection, or close it, and free its place and the owner's share."""
        status = connection.status
        if status == TransactionStatus.ACTIVE:  # the call was cancelled, by its deadline or by the caller
            stopping = asyncio.create_task(self._stop(connection, owner))
            self._stopping.add(stopping)
            stopping.add_done_callback(self._stopping.discard)
            return
        if self._is_closed or status != TransactionStatus.IDLE:
            connection.close()
        else:
            self._idle.keep(connection)
        self._free(owner)

    def _free(self, owner: str | None) -> None:
        self._places.give_back()
        self._shares.give_back(owner)

    async def _stop(self, connection: Connection, owner: str | None) -> None:
        """Ask the server to stop an abandoned statement, then free its place: statements must not pile up there."""
        try:
            await connection.cancel()
        finally:
            connection.close()
            self._free(owner)
