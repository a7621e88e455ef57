"""Delete deletion records and idempotency keys, in the transaction that the writer began."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from todo_adapters.sql import statements
from todo_adapters.sql.dialects import SQLITE
from todo_domain import UserId

_OLD_KEYS: Final = SQLITE.compile(statements.OLD_KEYS)
_OLD_KEYS_OF_USER: Final = SQLITE.compile(statements.OLD_KEYS_OF_USER)
_FORGET_KEY: Final = SQLITE.compile(statements.FORGET_KEY)
_COUNT_FORGOTTEN_KEY: Final = SQLITE.compile(statements.COUNT_FORGOTTEN_KEY)
_OLD_DELETIONS: Final = SQLITE.compile(statements.OLD_DELETIONS)
_OLDEST_DELETIONS_OF_USER: Final = SQLITE.compile(statements.OLDEST_DELETIONS_OF_USER)
_FORGET_DELETION: Final = SQLITE.compile(statements.FORGET_DELETION)
_COUNT_FORGOTTEN_DELETION: Final = SQLITE.compile(statements.COUNT_FORGOTTEN_DELETION)

_Rows = Sequence[tuple[Any, ...]]


def purge(
    connection: sqlite3.Connection, *, deletions_before: datetime, keys_before: datetime, limit: int, dry_run: bool
) -> int:
    """See StoreMaintenance."""
    keys = _old(connection, _OLD_KEYS, keys_before, limit)
    deletions = _old(connection, _OLD_DELETIONS, deletions_before, limit - len(keys))
    if not dry_run:
        _forget_keys(connection, keys)
        _forget_deletions(connection, deletions)
    return len(keys) + len(deletions)


def forget_keys(connection: sqlite3.Connection, user_id: UserId, before: datetime, limit: int) -> int:
    """See TaskRepository."""
    keys = _old(connection, _OLD_KEYS_OF_USER, before, limit, user_id=user_id)
    _forget_keys(connection, keys)
    return len(keys)


def forget_oldest_deletions(connection: sqlite3.Connection, user_id: UserId, count: int) -> None:
    """Forget so many of the user's deletions, those with the lowest revisions."""
    values = {"user_id": user_id, "limit": count}
    _forget_deletions(connection, connection.execute(_OLDEST_DELETIONS_OF_USER, values).fetchall())


def _old(connection: sqlite3.Connection, sql: str, before: datetime, limit: int, **values: Any) -> _Rows:
    values |= {"before": SQLITE.write_instant(before), "limit": limit}
    return connection.execute(sql, values).fetchall()


def _forget_keys(connection: sqlite3.Connection, keys: _Rows) -> None:
    for user_id, key in keys:
        deleted = connection.execute(_FORGET_KEY, {"user_id": user_id, "key": key})
        connection.execute(_COUNT_FORGOTTEN_KEY, {"user_id": user_id, "forgotten": deleted.rowcount})


def _forget_deletions(connection: sqlite3.Connection, deletions: _Rows) -> None:
    for user_id, task_id, revision in deletions:
        connection.execute(_FORGET_DELETION, {"user_id": user_id, "id": task_id})
        connection.execute(_COUNT_FORGOTTEN_DELETION, {"user_id": user_id, "forgotten_revision": revision})
