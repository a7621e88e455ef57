"""Erase everything of a user, in the transaction that the writer began."""

import sqlite3
from datetime import datetime
from typing import Any, Final

from todo_adapters.sql import erasing
from todo_adapters.sql.dialects import SQLITE
from todo_adapters.sql.erasing import require_permitted
from todo_domain import UserId

_MARK: Final = SQLITE.compile(erasing.mark(SQLITE))
_DELETE_SOME: Final = [SQLITE.compile(each) for each in erasing.DELETE_SOME]
_FINISH: Final = SQLITE.compile(erasing.FINISH)
_STATE: Final = SQLITE.compile(erasing.STATE)
_UNFINISHED: Final = SQLITE.compile(erasing.UNFINISHED)
_OLD: Final = SQLITE.compile(erasing.OLD)
_FORGET: Final = [SQLITE.compile(each) for each in erasing.FORGET]


def erase_user(connection: sqlite3.Connection, user_id: UserId, at: datetime, limit: int) -> bool:
    """See TaskRepository."""
    return _erase(connection, {"user_id": user_id, "erased_at": SQLITE.write_instant(at), "limit": limit})


def purge_erasures(connection: sqlite3.Connection, before: datetime, limit: int, *, dry_run: bool) -> int:
    """See StoreMaintenance."""
    values = {"before": SQLITE.write_instant(before), "limit": limit}
    unfinished = connection.execute(_UNFINISHED, values).fetchall()
    old = connection.execute(_OLD, {**values, "limit": limit - len(unfinished)}).fetchall()
    for user_id, erased_at in () if dry_run else unfinished:
        share = max(1, limit // len(unfinished))
        _erase(connection, {"user_id": user_id, "erased_at": erased_at, "limit": share})
    for user_id, _ in () if dry_run else old:
        for statement in _FORGET:
            connection.execute(statement, {**values, "user_id": user_id})
    return len(unfinished) + len(old)


def require_writable(connection: sqlite3.Connection, user_id: UserId) -> None:
    """Raise TokenRejected or ErasureInProgress if the user must not write."""
    require_permitted(SQLITE, user_id, connection.execute(_STATE, {"user_id": user_id}).fetchall())


def _erase(connection: sqlite3.Connection, values: dict[str, Any]) -> bool:
    for statement in (_MARK, *_DELETE_SOME, _FINISH):
        connection.execute(statement, values)
    ((_, is_erasing),) = connection.execute(_STATE, values)
    return not is_erasing
