"""Access tokens in an SQLite file."""

import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from todo_adapters.sql import access_tokens as statements
from todo_adapters.sql.access_tokens import read_token, token_values
from todo_adapters.sql.dialects import SQLITE
from todo_adapters.sql.erasing import permission_values
from todo_adapters.sql.sqlite.erase import require_writable
from todo_adapters.sql.sqlite.readers import SqliteReader
from todo_adapters.sql.sqlite.writer import SqliteWriter
from todo_domain import AccessToken, AccessTokenNotFound, QuotaExceeded, UserId
from todo_domain.access_token import MAX_ACCESS_TOKENS

_INSERT: Final = SQLITE.compile(statements.INSERT)
_COUNT: Final = SQLITE.compile(statements.COUNT)
_REMOVE_EXPIRED: Final = SQLITE.compile(statements.REMOVE_EXPIRED)
_LIST: Final = SQLITE.compile(statements.LIST)
_FIND: Final = SQLITE.compile(statements.FIND)
_REMOVE: Final = SQLITE.compile(statements.REMOVE)
_MARK_USED: Final = SQLITE.compile(statements.MARK_USED)
_COUNT_OLD: Final = SQLITE.compile(statements.COUNT_OLD)
_PURGE: Final = SQLITE.compile(statements.PURGE)


class SqliteAccessTokenRepository:
    """The access tokens of an SqliteTaskRepository, through its reader and its writer while it is open."""

    def __init__(self, reader: Callable[[], SqliteReader], writer: Callable[[], SqliteWriter]) -> None:
        self._reader = reader
        self._writer = writer

    async def add(self, token: AccessToken, token_hash: str) -> None:
        """See AccessTokenRepository."""
        values = token_values(SQLITE, token, token_hash)

        def insert(connection: sqlite3.Connection) -> None:
            require_writable(connection, token.user_id)
            connection.execute(_REMOVE_EXPIRED, values)
            ((count,),) = connection.execute(_COUNT, values)
            if count >= MAX_ACCESS_TOKENS:
                raise QuotaExceeded("access tokens", MAX_ACCESS_TOKENS)
            connection.execute(_INSERT, values)

        await self._writer().run(insert)

    async def list(self, user_id: UserId) -> Sequence[AccessToken]:
        """See AccessTokenRepository."""
        found = await self._reader().read(_LIST, {"user_id": user_id})
        return [read_token(SQLITE, user_id, row) for row in found]

    async def find(self, user_id: UserId, token_hash: str) -> AccessToken:
        """See AccessTokenRepository."""
        for row in await self._reader().read(_FIND, {"user_id": user_id, "hash": token_hash}):
            return read_token(SQLITE, user_id, row)
        raise AccessTokenNotFound

    async def remove(self, user_id: UserId, token_id: str) -> None:
        """See AccessTokenRepository."""
        values = {"user_id": user_id, "id": token_id, **permission_values(SQLITE, user_id)}
        if not await self._write(_REMOVE, values):
            raise AccessTokenNotFound

    async def mark_used(self, user_id: UserId, token_hash: str, at: datetime) -> None:
        """See AccessTokenRepository."""
        values = {"user_id": user_id, "hash": token_hash, "last_used_at": SQLITE.write_instant(at)}
        await self._write(_MARK_USED, values)

    async def purge(self, *, before: datetime, limit: int, dry_run: bool = False) -> int:
        """See AccessTokenRepository."""
        values = {"before": SQLITE.write_instant(before), "limit": limit}
        if dry_run:
            ((count,),) = await self._reader().read(_COUNT_OLD, values)
            return int(count)
        return len(await self._write(_PURGE, values))

    async def _write(self, sql: str, values: dict[str, Any]) -> Sequence[Any]:
        """Run one statement and return its rows."""
        return await self._writer().run(lambda connection: connection.execute(sql, values).fetchall())
