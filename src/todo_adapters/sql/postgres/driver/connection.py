"""One connection to PostgreSQL."""

import asyncio
import select
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, Self

import psycopg
from psycopg.pq import Format
from psycopg.rows import TupleRow
from psycopg.types.numeric import IntDumper

from todo_adapters.sql.dialects import Statement
from todo_adapters.sql.postgres.driver import psycopg_internals
from todo_adapters.sql.postgres.driver.prepared_statements import PreparedStatements

Step = tuple[Statement, Mapping[str, Any]]
"""A statement and its values."""

_PREPARED_AFTER: Final = 1
_READ_ONLY: Final = Statement("SHOW transaction_read_only", ())
_BACKEND: Final = Statement("SELECT pg_backend_pid()", ())
_PING_SECONDS: Final = 1.0
_CANCEL_SECONDS: Final = 1.0


class Connection:
    """A connection in autocommit, for one task at a time.

    No method has a deadline of its own where it does not say so. Each ends at once when its
    task is cancelled, whatever the server and the network do; a statement that was cancelled
    leaves the connection busy, and it can only be closed.
    """

    def __init__(self, connection: psycopg.AsyncConnection[TupleRow], prepare_threshold: int | None) -> None:
        self._connection = connection
        self._pgconn = connection.pgconn
        self._statements = PreparedStatements(prepare_threshold)
        # As text, a number fits a parameter of any size; in binary it would have to be just as wide.
        connection.adapters.register_dumper(int, IntDumper)
        self._adapter = psycopg_internals.Adapter(connection.adapters)
        self._unread = select.poll()
        self._unread.register(connection.fileno(), select.POLLIN)

    @classmethod
    async def open(cls, conninfo: str, prepare_threshold: int | None) -> Self:
        """Connect; prepare statements after so many uses, or, if that is None, as soon as it is safe."""
        connection = cls(
            await psycopg.AsyncConnection.connect(
                conninfo, autocommit=True, prepare_threshold=None, client_encoding="UTF8"
            ),
            prepare_threshold,
        )
        try:
            if prepare_threshold is None and await connection.is_direct():
                connection._statements.threshold = _PREPARED_AFTER
        except BaseException:
            connection.close()
            raise
        return connection

    @property
    def backend_pid(self) -> int:
        """The process id of the server process that was connected to."""
        return self._connection.info.backend_pid

    @property
    def is_closed(self) -> bool:
        """Whether it was closed, or is known to be broken."""
        return self._connection.closed

    @property
    def status(self) -> int:
        """What the session does, as a TransactionStatus: ACTIVE until the results of a statement are received."""
        return self._pgconn.transaction_status

    def has_input(self) -> bool:
        """Say whether the server has sent something since the last statement, or has closed; asks the kernel."""
        return bool(self._unread.poll(0))

    async def run(self, statement: Statement, values: Mapping[str, Any]) -> list[TupleRow]:
        """Run one statement and return its rows, in one round trip, or in two when it is to be prepared first."""
        name = self._statements.use(statement) or await self._prepare(statement)
        self._send(statement, values, name)
        return self._adapter.load(await psycopg_internals.receive(self._pgconn))

    async def run_all(self, steps: Sequence[Step]) -> list[list[TupleRow]]:
        """Run several statements and return the rows of each; all take one round trip, besides those that prepare.

        When one fails, those behind it are not run, and its error is raised; without a
        transaction around them, those before it are undone too.
        """
        names = {each: self._statements.use(each) or await self._prepare(each) for each in dict(steps)}
        self._pgconn.enter_pipeline_mode()
        for statement, values in steps:
            self._send(statement, values, names[statement])
        self._pgconn.pipeline_sync()
        *results, _ = [await psycopg_internals.receive(self._pgconn) for _ in range(len(steps) + 1)]
        self._pgconn.exit_pipeline_mode()
        return [self._adapter.load(result) for result in results]

    async def _prepare(self, statement: Statement) -> bytes | None:
        """Prepare a statement and return its name, or None if it is not to be prepared, or not yet."""
        if not self._statements.is_due(statement):
            return None
        if surplus := self._statements.surplus():
            self._pgconn.send_close_prepared(surplus)
            self._adapter.load(await psycopg_internals.receive(self._pgconn))
        name = self._statements.new_name()
        self._pgconn.send_prepare(name, statement.encode())
        self._adapter.load(await psycopg_internals.receive(self._pgconn))
        self._statements.keep(statement, name)
        return name

    def _send(self, statement: Statement, values: Mapping[str, Any], name: bytes | None) -> None:
        parameters, formats = self._adapter.dump(statement.in_order(values))
        if name:
            self._pgconn.send_query_prepared(name, parameters, formats, Format.BINARY)
        else:
            self._pgconn.send_query_params(statement.encode(), parameters, None, formats, Format.BINARY)

    async def is_direct(self) -> bool:
        """Say whether the process that answers is the one that was connected to: a pooler's is another one."""
        return await self.run(_BACKEND, {}) == [(self.backend_pid,)]

    async def is_writable(self) -> bool:
        """Say whether the server responds within a second and is no standby."""
        with suppress(psycopg.Error, TimeoutError):
            async with asyncio.timeout(_PING_SECONDS):
                return await self.run(_READ_ONLY, {}) == [("off",)]
        return False

    async def cancel(self) -> None:
        """Ask the server to stop the statement that runs, for at most a second."""
        with suppress(psycopg.Error, TimeoutError):
            async with asyncio.timeout(_CANCEL_SECONDS):
                await self._connection.cancel_safe(timeout=_CANCEL_SECONDS)

    def close(self) -> None:
        """Close the connection without waiting for anything."""
        self._pgconn.finish()
