"""Delete old deletion records and idempotency keys, in the transaction that the writer began."""

import sqlite3
from datetime import datetime
from typing import Final

from todo_adapters.sql import statements
from todo_adapters.sql.dialects import SQLITE

_OLD_KEYS: Final = SQLITE.compile(statements.OLD_KEYS)
_FORGET_KEY: Final = SQLITE.compile(statements.FORGET_KEY)
_OLD_DELETIONS: Final = SQLITE.compile(statements.OLD_DELETIONS)
_FORGET_DELETION: Final = SQLITE.compile(statements.FORGET_DELETION)
_RAISE_FORGOTTEN: Final = SQLITE.compile(statements.RAISE_FORGOTTEN)


def purge(
    connection: sqlite3.Connection, *, deletions_before: datetime, keys_before: datetime, limit: int, dry_run: bool
) -> int:
    """See StoreMaintenance."""
    keys = _old(connection, _OLD_KEYS, keys_before, limit)
    deletions = _old(connection, _OLD_DELETIONS, deletions_before, limit - len(keys))
    if not dry_run:
        connection.executemany(_FORGET_KEY, [{"user_id": user_id, "key": key} for user_id, key in keys])
        for user_id, task_id, revision in deletions:
            connection.execute(_FORGET_DELETION, {"user_id": user_id, "id": task_id})
            connection.execute(_RAISE_FORGOTTEN, {"user_id": user_id, "forgotten_revision": revision})
    return len(keys) + len(deletions)


def _old(connection: sqlite3.Connection, sql: str, before: datetime, limit: int) -> list[tuple[str, ...]]:
    return connection.execute(sql, {"before": SQLITE.write_instant(before), "limit": limit}).fetchall()
