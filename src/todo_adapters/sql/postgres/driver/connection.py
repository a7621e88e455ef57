"""One connection to PostgreSQL that never makes its user wait for a server that has stopped to answer."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final, Self

import psycopg
from psycopg import abc, generators
from psycopg.abc import RV, PQGen
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGresult
from psycopg.rows import TupleRow
from psycopg.types.numeric import IntDumper

from todo_adapters.sql.dialects import Statement
from todo_adapters.sql.postgres.driver.prepared_statements import PreparedStatements
from todo_adapters.sql.postgres.driver.socket_listener import SocketListener

Step = tuple[Statement, Mapping[str, Any]]
"""A statement and its values."""

_PREPARED_AFTER: Final = 1
_READ_ONLY: Final = Statement("SHOW transaction_read_only", ())
_BACKEND: Final = Statement("SELECT pg_backend_pid()", ())
_GRACE_SECONDS: Final = 1.0
_PING_SECONDS: Final = 1.0


class Connection(psycopg.AsyncConnection[TupleRow]):
    """A connection in autocommit, to be used by one task at a time.

    - idle_since: when it was last given back (`time.monotonic`), 0 if the server has said something since
    - given_up: its time was up, so whatever it was doing is not to be waited for
    """

    idle_since = 0.0
    given_up = False
    _giving_up: asyncio.Task[None] | None = None
    _listener: SocketListener
    _adapt: abc.Transformer
    _statements: PreparedStatements

    @classmethod
    async def open(cls, conninfo: str, prepare_threshold: int | None) -> Self:
        """Connect; prepare statements after so many uses, or, if that is None, as soon as it is safe."""
        connection = await cls.connect(conninfo, autocommit=True, prepare_threshold=None, client_encoding="UTF8")
        connection._set_up(prepare_threshold)  # noqa: SLF001 - its own
        try:
            if prepare_threshold is None and await connection.is_direct():
                connection._statements.threshold = _PREPARED_AFTER  # noqa: SLF001
        except BaseException:
            connection.hang_up()
            raise
        return connection

    def _set_up(self, prepare_threshold: int | None) -> None:
        self._listener = SocketListener(self.fileno(), self._read_unasked)
        self.add_notice_handler(self._heed)
        # As text, a number fits a parameter of any size; in binary it would have to be just as wide.
        self.adapters.register_dumper(int, IntDumper)
        # Made without the session, it gives times in UTC whatever the session's zone is, and takes text
        # to be UTF-8, which `open` asks for.
        self._adapt = Transformer(self.adapters)
        self._statements = PreparedStatements(prepare_threshold)

    async def run(self, statement: Statement, values: Mapping[str, Any]) -> list[TupleRow]:
        """Run one statement and return its rows, in one round trip, or in two when it is to be prepared first.

        It does what a cursor does, less what is not needed here, which costs as much as a
        small statement.
        """
        name = self._statements.use(statement) or await self._prepare(statement)
        self._query(statement, values, name)()
        return self._rows_of(await self._receive())

    async def run_all(self, steps: Sequence[Step]) -> list[list[TupleRow]]:
        """Run several statements and return the rows of each; all take one round trip, besides those that prepare.

        When one fails, those behind it are not run, and its error is raised; without a
        transaction around them, those before it are undone too.
        """
        names = {each: self._statements.use(each) or await self._prepare(each) for each in dict(steps)}
        queries = [self._query(statement, values, names[statement]) for statement, values in steps]
        self.pgconn.enter_pipeline_mode()
        for send in queries:
            send()
        self.pgconn.pipeline_sync()
        *results, _ = [await self._receive() for _ in range(len(steps) + 1)]
        self.pgconn.exit_pipeline_mode()
        return [self._rows_of(result) for result in results]

    async def _prepare(self, statement: Statement) -> bytes | None:
        """Prepare a statement and return its name, or None if it is not to be prepared, or not yet."""
        if not self._statements.is_due(statement):
            return None
        if surplus := self._statements.surplus():
            self.pgconn.send_close_prepared(surplus)
            self._rows_of(await self._receive())
        name = self._statements.new_name()
        self.pgconn.send_prepare(name, statement.encode())
        self._rows_of(await self._receive())
        self._statements.keep(statement, name)
        return name

    def _query(self, statement: Statement, values: Mapping[str, Any], name: bytes | None) -> Callable[[], None]:
        """Return what sends a statement with its values, whose types are for the server to infer."""
        in_order = statement.in_order(values)
        parameters = self._adapt.dump_sequence(in_order, [PyFormat.AUTO] * len(in_order))
        formats = self._adapt.formats
        if name:
            return partial(self.pgconn.send_query_prepared, name, parameters, formats, Format.BINARY)
        return partial(self.pgconn.send_query_params, statement.encode(), parameters, None, formats, Format.BINARY)

    def _receive(self) -> Awaitable[list[PGresult]]:
        return self.wait(generators.execute(self.pgconn))

    def _rows_of(self, received: list[PGresult]) -> list[TupleRow]:
        """Return the rows of a statement, or raise the error that came instead."""
        (result,) = received
        if result.status == ExecStatus.FATAL_ERROR:
            raise error_from_result(result)
        self._adapt.set_pgresult(result)
        return self._adapt.load_rows(0, result.ntuples, tuple)

    def is_quiet(self) -> bool:
        """Say whether the server has sent nothing, such as its farewell; asks the kernel only."""
        return not self.closed and self._listener.is_quiet()

    async def is_writable(self) -> bool:
        """Ask the server whether it is there and no standby, and hang up if it is not, or on an error."""
        writable = False
        try:
            async with asyncio.timeout(_PING_SECONDS):
                writable = await self.run(_READ_ONLY, {}) == [("off",)]
        except (psycopg.Error, TimeoutError):
            pass
        finally:
            if not writable:
                self.hang_up()
        return writable

    async def is_direct(self) -> bool:
        """Say whether the process that answers is the one that was connected to: a pooler's is another one."""
        return await self.run(_BACKEND, {}) == [(self.info.backend_pid,)]

    def give_up(self) -> None:
        """Stop waiting: ask the server to stop, then stop listening."""
        self.given_up = True
        self._giving_up = asyncio.create_task(self._give_up())

    async def _give_up(self) -> None:
        await asyncio.gather(self.stop(), asyncio.sleep(_GRACE_SECONDS))
        self._shut()

    async def stop(self) -> None:
        """Ask the server to stop what it does, so that abandoned statements don't pile up there."""
        with suppress(psycopg.Error):
            await self.cancel_safe(timeout=_GRACE_SECONDS)

    def hang_up(self) -> None:
        """Close the connection without waiting for anything."""
        if self._giving_up:
            self._giving_up.cancel()
        self._listener.stop()
        self.pgconn.finish()

    async def wait(self, gen: PQGen[RV], interval: float = 1.0, timeout: float | None = None) -> RV:  # noqa: ARG002, ASYNC109 - psycopg's signature
        """Wait as psycopg does, but by a listener that stays, and end at once when cancelled.

        psycopg would ask the server to stop and wait for that, for seconds if it is frozen.
        """
        try:
            wanted = next(gen)
            while True:
                wanted = gen.send(await self._listener.until(wanted))
        except StopIteration as done:
            result: RV = done.value
            return result
        except asyncio.CancelledError:
            self._shut()
            raise
        finally:
            if self.closed:
                self._listener.stop()

    def _read_unasked(self) -> None:
        """Read a notice, or the server's farewell and, when called again, the end of the stream behind it."""
        try:
            self.pgconn.consume_input()
        except psycopg.OperationalError:
            self._listener.stop()

    def _heed(self, _: psycopg.errors.Diagnostic) -> None:
        """Trust an idle connection no longer: its server may have said farewell."""
        self.idle_since = 0.0

    def _shut(self) -> None:
        """Let whoever reads from the server find the end; to close would pull the socket from under him."""
        if self.closed:
            return
        ours = socket.socket(fileno=self.fileno())
        with suppress(OSError):
            ours.shutdown(socket.SHUT_RDWR)
        ours.detach()
