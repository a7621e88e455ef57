"""Access tokens in PostgreSQL."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from todo_adapters.sql import access_tokens as statements
from todo_adapters.sql.access_tokens import read_token, token_values
from todo_adapters.sql.dialects import POSTGRESQL
from todo_adapters.sql.erasing import STATE, permission_values, require_permitted
from todo_adapters.sql.postgres.database import Database
from todo_adapters.sql.postgres.driver.connection import BEGIN, COMMIT, ROLLBACK, Connection
from todo_domain import AccessToken, AccessTokenNotFound, QuotaExceeded, TodoError, UserId
from todo_domain.access_token import MAX_ACCESS_TOKENS

# A user's first token has no row to lock, nor need the user have a list.
LOCK_TOKENS: Final = POSTGRESQL.compile(
    sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(sa.bindparam("user_id"), sa.literal_column("0"))))
)
"""Serialises what adds and erases tokens of a user."""

_STATE: Final = POSTGRESQL.compile(STATE)
_INSERT: Final = POSTGRESQL.compile(statements.INSERT)
_COUNT: Final = POSTGRESQL.compile(statements.COUNT)
_REMOVE_EXPIRED: Final = POSTGRESQL.compile(statements.REMOVE_EXPIRED)
_LIST: Final = POSTGRESQL.compile(statements.LIST)
_FIND: Final = POSTGRESQL.compile(statements.FIND)
_REMOVE: Final = POSTGRESQL.compile(statements.REMOVE)
_MARK_USED: Final = POSTGRESQL.compile(statements.MARK_USED)
_COUNT_OLD: Final = POSTGRESQL.compile(statements.COUNT_OLD)
_PURGE: Final = POSTGRESQL.compile(statements.PURGE)


class PostgresAccessTokenRepository:
    """The access tokens of a PostgresTaskRepository, through its database while it is open."""

    def __init__(self, database: Callable[[], Database]) -> None:
        self._database = database

    async def add(self, token: AccessToken, token_hash: str) -> None:
        """See AccessTokenRepository. Two round trips, under a lock of the user's."""
        values = token_values(POSTGRESQL, token, token_hash)

        async def insert(connection: Connection) -> None:
            steps = [(each, values) for each in (LOCK_TOKENS, _STATE, _REMOVE_EXPIRED, _COUNT)]
            *_, state, _, ((count,),) = await connection.run_all([(BEGIN, {}), connection.limit_transaction, *steps])
            try:
                require_permitted(POSTGRESQL, token.user_id, state)
                if count >= MAX_ACCESS_TOKENS:
                    raise QuotaExceeded("access tokens", MAX_ACCESS_TOKENS)
            except TodoError:
                await connection.run(ROLLBACK, {})
                raise
            await connection.run_all([(_INSERT, values), (COMMIT, {})])

        await self._database().transact(token.user_id, insert, repeatable=False)

    async def list(self, user_id: UserId) -> Sequence[AccessToken]:
        """See AccessTokenRepository. One statement."""
        found = await self._database().run(_LIST, {"user_id": user_id})
        return [read_token(POSTGRESQL, user_id, row) for row in found]

    async def find(self, user_id: UserId, token_hash: str) -> AccessToken:
        """See AccessTokenRepository. One statement."""
        for row in await self._database().run(_FIND, {"user_id": user_id, "hash": token_hash}):
            return read_token(POSTGRESQL, user_id, row)
        raise AccessTokenNotFound

    async def remove(self, user_id: UserId, token_id: str) -> None:
        """See AccessTokenRepository. One statement."""
        values = {"user_id": user_id, "id": token_id, **permission_values(POSTGRESQL, user_id)}
        if not await self._database().run(_REMOVE, values, repeatable=False):
            raise AccessTokenNotFound

    async def mark_used(self, user_id: UserId, token_hash: str, at: datetime) -> None:
        """See AccessTokenRepository. One statement."""
        values = {"user_id": user_id, "hash": token_hash, "last_used_at": POSTGRESQL.write_instant(at)}
        await self._database().run(_MARK_USED, values)

    async def purge(self, *, before: datetime, limit: int, dry_run: bool = False) -> int:
        """See AccessTokenRepository. One statement."""
        values = {"before": POSTGRESQL.write_instant(before), "limit": limit}
        if dry_run:
            ((count,),) = await self._database().run(_COUNT_OLD, values)
            return int(count)
        return len(await self._database().run(_PURGE, values))
