"""Erase tasks in the trash, and forget deletions and idempotency keys, in the transaction that the writer began."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from todo_adapters.sql import rows, statements
from todo_adapters.sql.dialects import SQLITE
from todo_adapters.sql.tables import tasks
from todo_domain import UserId

_OLD_KEYS: Final = SQLITE.compile(statements.OLD_KEYS)
_OLD_KEYS_OF_USER: Final = SQLITE.compile(statements.OLD_KEYS_OF_USER)
_FORGET_KEY: Final = SQLITE.compile(statements.FORGET_KEY)
_COUNT_FORGOTTEN_KEY: Final = SQLITE.compile(statements.COUNT_FORGOTTEN_KEY)
_OLD_DELETIONS: Final = SQLITE.compile(statements.OLD_DELETIONS)
_OLDEST_DELETIONS_OF_USER: Final = SQLITE.compile(statements.OLDEST_DELETIONS_OF_USER)
_OLD_TRASH: Final = SQLITE.compile(statements.OLD_TRASH)
_OLDEST_TRASH_OF_USER: Final = SQLITE.compile(statements.OLDEST_TRASH_OF_USER)
_FORGET_DELETION: Final = SQLITE.compile(statements.FORGET_DELETION)
_COUNT_FORGOTTEN_DELETION: Final = SQLITE.compile(statements.COUNT_FORGOTTEN_DELETION)
_ERASE: Final = SQLITE.compile(statements.ERASE.where(statements.OF_USER, tasks.c.id == sa.bindparam("id")))
_COUNT_ERASED: Final = SQLITE.compile(statements.COUNT_ERASED)

_Rows = Sequence[tuple[Any, ...]]


def purge(  # noqa: PLR0913 - the arguments of `purge`, and where
    connection: sqlite3.Connection,
    *,
    trash_before: datetime,
    deletions_before: datetime,
    keys_before: datetime,
    limit: int,
    dry_run: bool,
) -> int:
    """See StoreMaintenance."""
    trash = _old(connection, _OLD_TRASH, trash_before, limit, since=SQLITE.write_instant(deletions_before))
    keys = _old(connection, _OLD_KEYS, keys_before, limit - len(trash))
    deletions = _old(connection, _OLD_DELETIONS, deletions_before, limit - len(trash) - len(keys))
    if not dry_run:
        _erase(connection, trash)
        _forget_keys(connection, keys)
        _forget_deletions(connection, deletions)
    return len(trash) + len(keys) + len(deletions)


def erase_oldest(connection: sqlite3.Connection, user_id: UserId, up_to: int, limit: int) -> int:
    """See TaskRepository."""
    values = {"user_id": user_id, "up_to": up_to, "limit": limit}
    trash = connection.execute(_OLDEST_TRASH_OF_USER, values).fetchall()
    _erase(connection, trash)
    return len(trash)


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
    for user_id, task_id, revision, in_trash in deletions:
        connection.execute(_FORGET_DELETION, {"user_id": user_id, "id": task_id})
        counted = {"user_id": user_id, "forgotten_revision": revision, "in_trash": in_trash}
        connection.execute(_COUNT_FORGOTTEN_DELETION, counted)


def _erase(connection: sqlite3.Connection, trash: _Rows) -> None:
    for user_id, task_id, *_ in trash:
        connection.execute(_ERASE, {"user_id": user_id, "id": task_id, **rows.ERASED_VALUES})
        connection.execute(_COUNT_ERASED, {"user_id": user_id})
