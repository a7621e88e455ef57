"""The store in PostgreSQL as a whole: its opening, closing and maintenance."""

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, Self

import sqlalchemy as sa

from todo_adapters.sql import statements
from todo_adapters.sql.admission import Figures
from todo_adapters.sql.dialects import POSTGRESQL
from todo_adapters.sql.epoch_log import log_renewed
from todo_adapters.sql.postgres.access_tokens import PostgresAccessTokenRepository
from todo_adapters.sql.postgres.database import Database
from todo_adapters.sql.postgres.erase import erased_since, purge_erasures
from todo_adapters.sql.postgres.purge import purge
from todo_adapters.sql.tables import store
from todo_domain import NotOpen, StorageUnavailable, UserId, revision_floor

_IS_STANDBY: Final = POSTGRESQL.compile(sa.select(sa.func.pg_is_in_recovery()).select_from(store))
_PROBE: Final = POSTGRESQL.compile(statements.PROBE.returning(store.c.epoch))
_NOW: Final = POSTGRESQL.compile(sa.select(sa.func.clock_timestamp()))
_RENEW_EPOCH: Final = POSTGRESQL.compile(statements.RENEW_EPOCH.returning(store.c.epoch))


class PostgresStore:
    """A StoreMaintenance on a PostgreSQL database, which `new_database` makes each time this is opened."""

    def __init__(self, new_database: Callable[[], Database]) -> None:
        self._new_database = new_database
        self._opened: Database | None = None
        self.access_tokens = PostgresAccessTokenRepository(lambda: self._database)

    async def __aenter__(self) -> Self:
        """Check the schema. Raises StorageUnavailable if it can't be served, or can't be read in time."""
        database = self._new_database()
        await database.open()
        self._opened = database
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close all connections; those in use close at the end of their transaction."""
        database, self._opened = self._database, None
        await database.close()

    def figures(self) -> Figures:
        """Return figures of the pool, by name and part; none while the store is not open."""
        return self._opened.figures() if self._opened else {}

    async def check_reads(self) -> None:
        """See StoreMaintenance. One statement, which also recognises a standby behind a pooler."""
        ((is_standby,),) = await self._database.run(_IS_STANDBY, {})
        if is_standby:
            raise StorageUnavailable("the database server is a standby")

    async def check_writes(self) -> None:
        """See StoreMaintenance. One statement."""
        await self._database.run(_PROBE, {"difference": 0})

    async def now(self) -> datetime:
        """Return the time of the server's clock. One statement."""
        rows = await self._database.run(_NOW, {})
        now: datetime = rows[0][0]
        return now

    async def purge(
        self,
        *,
        trash_before: datetime,
        deletions_before: datetime,
        keys_before: datetime,
        limit: int,
        dry_run: bool = False,
    ) -> int:
        """See StoreMaintenance. Three statements; each skips the rows that another transaction has locked."""
        return await purge(self._database, trash_before, deletions_before, keys_before, limit, dry_run=dry_run)

    async def erased_since(self, since: datetime) -> Mapping[UserId, datetime]:
        """See StoreMaintenance. One statement."""
        return await erased_since(self._database, since)

    async def purge_erasures(self, *, before: datetime, limit: int, dry_run: bool = False) -> int:
        """See StoreMaintenance. Two statements, and a transaction for each erasure."""
        return await purge_erasures(self._database, before, limit, dry_run=dry_run)

    async def renew_epoch(self, *, at: datetime) -> str:
        """See StoreMaintenance. One statement."""
        renewed = {"epoch": secrets.token_hex(4), "revision_floor": revision_floor(at)}
        ((epoch,),) = await self._database.run(_RENEW_EPOCH, renewed)
        log_renewed(epoch)
        return str(epoch)

    @property
    def _database(self) -> Database:
        if self._opened is None:
            raise NotOpen(self)
        return self._opened
