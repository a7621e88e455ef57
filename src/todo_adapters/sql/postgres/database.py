"""A PostgreSQL database with our schema."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, Final, TypeVar

import psycopg
from psycopg.rows import TupleRow

from todo_adapters.sql import statements
from todo_adapters.sql.admission import Caller, Figures
from todo_adapters.sql.dialects import POSTGRESQL, Statement
from todo_adapters.sql.epoch_log import log_opened
from todo_adapters.sql.migrations import HEAD, VERSION_TABLE, version_of
from todo_adapters.sql.observer import Observe
from todo_adapters.sql.postgres.driver.causes import is_lasting
from todo_adapters.sql.postgres.driver.connection import Connection
from todo_adapters.sql.postgres.driver.conninfo import is_neon_pooler
from todo_adapters.sql.postgres.driver.observed_connection import observed_by
from todo_adapters.sql.postgres.driver.pool import Pool
from todo_adapters.sql.postgres.timeline import follow_timeline
from todo_domain import StorageUnavailable, StoreUnusable, UserId

T = TypeVar("T")

_THRESHOLD_OF_NEON: Final = 5
_TABLES: Final = Statement(
    "SELECT relname::text FROM pg_class WHERE relkind IN ('r', 'p') AND pg_table_is_visible(oid)", ()
)
_APPLIED: Final = Statement(f"SELECT version_num, oldest_program FROM {VERSION_TABLE}", ())  # noqa: S608 - a constant
_EPOCH: Final = POSTGRESQL.compile(statements.EPOCH)


class Database:
    """A database and a pool of connections to it. The arguments are as for PostgresTaskRepository."""

    def __init__(  # noqa: PLR0913 - settings, passed by name
        self,
        conninfo: str,
        *,
        max_connections: int,
        timeout_seconds: float,
        prepare_threshold: int | None,
        caller: Callable[[], Caller | None],
        observe: Observe | None,
    ) -> None:
        is_neon = is_neon_pooler(conninfo)
        self._pool = Pool(
            conninfo,
            max_size=max_connections,
            timeout_seconds=timeout_seconds,
            prepare_threshold=_THRESHOLD_OF_NEON if is_neon and prepare_threshold is None else prepare_threshold,
            caller=caller,
            connection_type=observed_by(observe) if observe else Connection,
        )

    async def open(self) -> None:
        """Check the schema. Raises StorageUnavailable if it can't be read in time.

        Raises StoreUnusable if this program can't serve it, or the server refuses the connection.
        """
        async with AsyncExitStack() as opened:
            opened.push_async_callback(self.close)
            try:
                await self._check_schema()
                await follow_timeline(self.run)
                ((epoch,),) = await self.run(_EPOCH, {})
                log_opened(epoch)
            except StorageUnavailable as error:
                cause = error.__cause__
                if isinstance(cause, psycopg.ProgrammingError):  # for example, a missing privilege
                    message = f"the database's schema can't be read: {cause.diag.message_primary}"
                    raise StoreUnusable(message) from error
                if is_lasting(cause):
                    raise StoreUnusable(str(error), error.kind) from cause
                raise
            opened.pop_all()

    async def _check_schema(self) -> None:
        tables = [name for (name,) in await self.run(_TABLES, {})]
        applied = await self.run(_APPLIED, {}) if VERSION_TABLE in tables else ()
        version = version_of(tables, applied, is_shared=True)
        if version is None or version < HEAD:
            raise StoreUnusable(
                "the database does not have this version's schema: run `todo-api migrate`", "older_schema"
            )

    async def close(self) -> None:
        """Close all connections; those in use close at the end of their transaction."""
        await self._pool.close()

    def figures(self) -> Figures:
        """Return the figures of the pool."""
        return self._pool.figures()

    def run(
        self, statement: Statement, values: Mapping[str, Any], *, repeatable: bool = True
    ) -> Awaitable[Sequence[TupleRow]]:
        """Run one statement in a transaction and return its rows."""
        return self._pool.run(
            lambda connection: connection.run(statement, values), owner=values.get("user_id"), repeatable=repeatable
        )

    def read(self, statement: Statement, values: Mapping[str, Any]) -> Awaitable[Sequence[TupleRow]]:
        """Run one statement of a user that only reads and may take long, and return its rows."""
        return self._pool.run(
            lambda connection: connection.run(statement, values),
            owner=values["user_id"],
            repeatable=True,
            statement=statement,
        )

    def transact(
        self,
        user_id: UserId,
        work: Callable[[Connection], Awaitable[T]],
        *,
        repeatable: bool,
        timeout_seconds: float | None = None,
    ) -> Awaitable[T]:
        """Run work of a user that is one transaction, and return its result."""
        return self._pool.run(work, owner=user_id, repeatable=repeatable, timeout_seconds=timeout_seconds)
