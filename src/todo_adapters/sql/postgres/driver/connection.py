"""One connection to PostgreSQL."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, Self

import psycopg
from psycopg.pq import Format
from psycopg.pq.abc import PGresult
from psycopg.rows import TupleRow
from psycopg.types.numeric import IntDumper

from todo_adapters.sql.dialects import Statement
from todo_adapters.sql.postgres.driver import psycopg_internals
from todo_adapters.sql.postgres.driver.limits import LIMIT_SESSION, limit_transaction
from todo_adapters.sql.postgres.driver.prepared_statements import PreparedStatements
from todo_adapters.sql.postgres.driver.socket_reader import SocketReader

Step = tuple[Statement, Mapping[str, Any]]
"""A statement and its values."""

BEGIN: Final = Statement("BEGIN", ())
COMMIT: Final = Statement("COMMIT", ())
ROLLBACK: Final = Statement("ROLLBACK", ())

_PREPARED_AFTER: Final = 1
_READ_ONLY: Final = Statement("SHOW transaction_read_only", ())
_BACKEND: Final = Statement("SELECT pg_backend_pid()", ())
_PING_SECONDS: Final = 1.0
_CANCEL_SECONDS: Final = 1.0


class Connection:
    """A connection in autocommit, for one task at a time.

    A method has a deadline only if its docstring states one. Each ends at once when its task
    is cancelled, whatever the server and the network do. After a statement was cancelled, the
    connection stays ACTIVE and can only be closed.

    No result of a standby is returned on a direct connection. If the address requires a
    server that accepts writes (`target_session_attrs=read-write`), no result of a server that
    accepts none any more is returned. The connection closes and OperationalError is raised.
    """

    def __init__(
        self,
        connection: psycopg.AsyncConnection[TupleRow],
        prepare_threshold: int | None,
        timeout_seconds: float,
    ) -> None:
        self._connection = connection
        self._pgconn = connection.pgconn
        self._statements = PreparedStatements(prepare_threshold)
        self._milliseconds = {"milliseconds": f"{max(1, int(timeout_seconds * 1000))}"}
        self._requires_writes = connection.info.get_parameters().get("target_session_attrs") == "read-write"
        self._is_direct = False
        # As text, a number fits a parameter of any size; binary numbers must have the size of the parameter.
        connection.adapters.register_dumper(int, IntDumper)
        self._adapter = psycopg_internals.Adapter(connection.adapters)
        self._reader = SocketReader(connection.fileno())

    @classmethod
    async def open(cls, conninfo: str, prepare_threshold: int | None, timeout_seconds: float) -> Self:
        """Connect.

        - prepare_threshold: prepare statements after this number of uses; None prepares them
          on a direct connection only
        - timeout_seconds: the time after which the caller gives up a transaction, so that the
          server may end it too
        """
        connection = cls(
            await psycopg.AsyncConnection.connect(
                conninfo, autocommit=True, prepare_threshold=None, client_encoding="UTF8"
            ),
            prepare_threshold,
            timeout_seconds,
        )
        try:
            if prepare_threshold is None and await connection.is_direct():
                connection._statements.threshold = _PREPARED_AFTER
                connection._is_direct = True
                await connection.run(LIMIT_SESSION, connection._milliseconds)
        except BaseException:
            connection.close()
            raise
        return connection

    @property
    def backend_pid(self) -> int:
        """The process id that the server gave when the connection was opened."""
        return self._connection.info.backend_pid

    @property
    def is_closed(self) -> bool:
        """Whether it was closed, or is known to be broken."""
        return self._connection.closed

    @property
    def status(self) -> int:
        """The state of the session, as a TransactionStatus: ACTIVE until all results are received."""
        return self._pgconn.transaction_status

    @property
    def limit_transaction(self) -> Step:
        """The step after BEGIN that lets the server end the transaction when the caller has given it up."""
        return limit_transaction(self._connection.info.server_version), self._milliseconds

    def has_input(self) -> bool:
        """Return whether the server has sent something since the last statement, or has closed the connection."""
        return self._reader.has_input()

    async def run(self, statement: Statement, values: Mapping[str, Any]) -> list[TupleRow]:
        """Run one statement and return its rows: one round trip, and another one to prepare it."""
        name = self._statements.use(statement) or await self._prepare(statement)
        self._send(statement, values, name)
        rows = self._adapter.load(await self._receive())
        self._check_server()
        return rows

    async def run_all(self, steps: Sequence[Step]) -> list[list[TupleRow]]:
        """Run several statements and return the rows of each: one round trip, and one for each to prepare.

        When one fails, its error is raised and the following ones don't run. Without a
        transaction around them, the previous ones are undone too.
        """
        names = {each: self._statements.use(each) or await self._prepare(each) for each in dict(steps)}
        self._pgconn.enter_pipeline_mode()
        for statement, values in steps:
            self._send(statement, values, names[statement])
        self._pgconn.pipeline_sync()
        *results, _ = [await self._receive() for _ in range(len(steps) + 1)]
        self._pgconn.exit_pipeline_mode()
        rows = [self._adapter.load(result) for result in results]
        self._check_server()
        return rows

    async def _prepare(self, statement: Statement) -> bytes | None:
        """Prepare a statement if it is due, and return its name or None."""
        if not self._statements.is_due(statement):
            return None
        if surplus := self._statements.surplus():
            self._pgconn.send_close_prepared(surplus)
            self._adapter.load(await self._receive())
        name = self._statements.new_name()
        self._pgconn.send_prepare(name, statement.encode())
        self._adapter.load(await self._receive())
        self._statements.keep(statement, name)
        return name

    def _send(self, statement: Statement, values: Mapping[str, Any], name: bytes | None) -> None:
        parameters, formats = self._adapter.dump(statement.in_order(values))
        if name:
            self._pgconn.send_query_prepared(name, parameters, formats, Format.BINARY)
        else:
            self._pgconn.send_query_params(statement.encode(), parameters, None, formats, Format.BINARY)

    def _receive(self) -> Awaitable[list[PGresult]]:
        return psycopg_internals.receive(self._pgconn, self._reader)

    def _check_server(self) -> None:
        """Raise OperationalError if the server lacks writes or accepts none. It reports this with every response.

        A pooler may report the state of another time, so it is not believed to be a standby.
        """
        if self._is_direct and self._pgconn.parameter_status(b"in_hot_standby") == b"on":
            self.close()
            raise psycopg.OperationalError("the server is a standby")
        if self._requires_writes and self._pgconn.parameter_status(b"default_transaction_read_only") == b"on":
            self.close()
            raise psycopg.OperationalError("the server does not accept writes any more")

    async def is_direct(self) -> bool:
        """Return whether no pooler is in between: behind one, statements run in another process."""
        return await self.run(_BACKEND, {}) == [(self.backend_pid,)]

    async def is_writable(self) -> bool:
        """Return whether the server responds within a second and accepts writes."""
        with suppress(psycopg.Error, TimeoutError):
            async with asyncio.timeout(_PING_SECONDS):
                return await self.run(_READ_ONLY, {}) == [("off",)]
        return False

    async def cancel(self) -> None:
        """Ask the server to stop the running statement; give up after a second."""
        with suppress(psycopg.Error, TimeoutError):
            async with asyncio.timeout(_CANCEL_SECONDS):
                await self._connection.cancel_safe(timeout=_CANCEL_SECONDS)

    def close(self) -> None:
        """Close the connection without waiting for anything."""
        self._reader.close()
        self._pgconn.finish()
