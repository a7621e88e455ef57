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


async def receive(pgconn: PGconn) -> list[PGresult]:
    """Send what is buffered, and return the results of one statement.

    The socket is registered with the event loop for each wait, and the event loop then looks at
    its state. So no event can be missed, on asyncio and on uvloop, which reports a reset only
    once. Cancelling the task ends the wait at once, while psycopg's own wait would first ask the
    server. After that, the connection can only be closed.
    """
    loop, socket = asyncio.get_running_loop(), pgconn.socket
    steps = generators.execute(pgconn)
    try:
        wanted = next(steps)
        while True:
            ready: asyncio.Future[Ready] = loop.create_future()
            loop.add_reader(socket, _set, ready, Ready.R)
            if wanted & Wait.W:
                loop.add_writer(socket, _set, ready, Ready.W)
            try:
                await ready
            finally:
                loop.remove_reader(socket)
                if wanted & Wait.W:
                    loop.remove_writer(socket)
            wanted = steps.send(ready.result())
    except StopIteration as done:
        results: list[PGresult] = done.value
        return results


def _set(future: asyncio.Future[Ready], ready: Ready) -> None:
    if not future.done():
        future.set_result(ready)


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
        (result,) = results
        if result.status == ExecStatus.FATAL_ERROR:
            raise error_from_result(result)
        self._transformer.set_pgresult(result)
        return self._transformer.load_rows(0, result.ntuples, tuple)
