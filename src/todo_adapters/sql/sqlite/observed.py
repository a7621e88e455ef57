"""Parts of SqliteTaskRepository whose statements a program observes. Without an observer, nothing of this is used."""

import sqlite3
from collections.abc import Mapping
from contextvars import copy_context
from typing import Any

from todo_adapters.sql.observer import Observe
from todo_adapters.sql.sqlite.long_reads import Fetch, T
from todo_adapters.sql.sqlite.readers import SqliteReader
from todo_adapters.sql.sqlite.writer import SqliteWriter, Write


def connection_observed_by(observe: Observe) -> type[sqlite3.Connection]:
    """Return the type of connections that this observer is told of."""

    class ObservedConnection(sqlite3.Connection):
        def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
            with observe([sql]):
                return super().execute(sql, parameters)

        def executemany(self, sql: str, parameters: Any, /) -> sqlite3.Cursor:
            with observe([sql]):
                return super().executemany(sql, parameters)

    return ObservedConnection


class ObservedWriter(SqliteWriter):
    """A writer that does each write in the context of its caller, so that the observer knows for whom it is done."""

    async def run(self, write: Write[T]) -> T:
        """See SqliteWriter."""
        context = copy_context()
        return await super().run(lambda connection: context.run(write, connection))


def reader_observed_by(observe: Observe) -> type[SqliteReader]:
    """Return the type of readers that this observer is told of."""

    class ObservedReader(SqliteReader):
        async def fetch(self, sql: str, values: Mapping[str, Any], fetch: Fetch[T]) -> T:
            with observe([sql]):
                return await super().fetch(sql, values, fetch)

        async def fetch_in_thread(
            self, sql: str, values: Mapping[str, Any], fetch: Fetch[T], timeout_seconds: float
        ) -> T:
            with observe([sql]):
                return await super().fetch_in_thread(sql, values, fetch, timeout_seconds)

    return ObservedReader
