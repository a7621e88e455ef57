"""Running statements on libpq, below psycopg's cursors.

This is the one module that uses what psycopg does not document:

- `psycopg.generators.execute`: sends what is buffered and receives the results. It yields a
  `psycopg.waiting.Wait`, which says what to wait for, and expects a `psycopg.waiting.Ready`
- `psycopg.adapt.Transformer`: converts parameters and rows
- `psycopg.errors.error_from_result`: makes an exception from a failed result

pyproject.toml therefore has a ceiling for psycopg's version, and the test
`test_psycopg_internals_that_we_use_exist` fails when one of these is missing or has changed.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from psycopg import generators
from psycopg.abc import AdaptContext
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGconn, PGresult
from psycopg.rows import TupleRow
from psycopg.waiting import Ready, Wait

from todo_adapters.sql.postgres.driver.socket_reader import SocketReader


async def receive(pgconn: PGconn, reader: SocketReader) -> list[PGresult]:
    """Send what is buffered, and return the results of one statement.

    Cancelling the task ends the wait at once, while psycopg's own wait would first ask the
    server. After that, the connection can only be closed.
    """
    loop, socket = asyncio.get_running_loop(), pgconn.socket
    steps = generators.execute(pgconn)
    try:
        wanted = next(steps)
        while True:
            ready = reader.wait()
            if wanted & Wait.W:
                loop.add_writer(socket, _end, ready)
            try:
                await ready
            finally:
                if wanted & Wait.W:
                    loop.remove_writer(socket)
            wanted = steps.send(Ready.R)  # it reads what there is, and then sends what it still can
    except StopIteration as done:
        results: list[PGresult] = done.value
        return results


def _end(wait: asyncio.Future[None]) -> None:
    if not wait.done():
        wait.set_result(None)


class Adapter:
    """Converts the parameters and the rows of one connection.

    It does not know the session: it returns times in UTC, whatever the session's time zone is,
    and decodes text as UTF-8.
    """

    def __init__(self, context: AdaptContext) -> None:
        self._transformer = Transformer(context)

    def dump(self, values: Sequence[Any]) -> tuple[Sequence[Any], Sequence[Format]]:
        """Return values in libpq's form, and their formats. The server infers their types."""
        parameters = self._transformer.dump_sequence(values, [PyFormat.AUTO] * len(values))
        return parameters, self._transformer.formats or ()

    def load(self, results: Sequence[PGresult]) -> list[TupleRow]:
        """Return the rows of one statement, or raise its error."""
        # An error follows the rows if the session ends before the server is ready for the next statement.
        result = results[-1]
        if result.status == ExecStatus.FATAL_ERROR:
            raise error_from_result(result)
        self._transformer.set_pgresult(result)
        return self._transformer.load_rows(0, result.ntuples, tuple)
