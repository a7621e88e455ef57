"""Erase tasks in the trash, and forget deletions and idempotency keys, in the transaction that the writer began."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from todo_adapters.sql import projects, purging
from todo_adapters.sql.dialects import SQLITE
from todo_adapters.sql.sqlite.erase import require_writable
from todo_adapters.sql.statements import OF_USER
from todo_adapters.sql.tables import projects as project_table
from todo_adapters.sql.tables import tasks
from todo_domain import UserId

_OLD_KEYS: Final = SQLITE.compile(purging.OLD_KEYS)
_OLD_KEYS_OF_USER: Final = SQLITE.compile(purging.OLD_KEYS_OF_USER)
_FORGET_KEY: Final = SQLITE.compile(purging.FORGET_KEY)
_COUNT_FORGOTTEN_KEY: Final = SQLITE.compile(purging.COUNT_FORGOTTEN_KEY)
_OLD_DELETIONS: Final = SQLITE.compile(purging.OLD_DELETIONS)
_OLDEST_DELETIONS_OF_USER: Final = SQLITE.compile(purging.OLDEST_DELETIONS_OF_USER)
_OLD_TRASH: Final = SQLITE.compile(purging.OLD_TRASH)
_OLDEST_TRASH_OF_USER: Final = SQLITE.compile(purging.OLDEST_TRASH_OF_USER)
_FORGET_DELETION: Final = SQLITE.compile(purging.FORGET_DELETION)
_COUNT_FORGOTTEN_DELETION: Final = SQLITE.compile(purging.COUNT_FORGOTTEN_DELETION)
_ERASE: Final = SQLITE.compile(purging.ERASE.where(OF_USER, tasks.c.id == sa.bindparam("id")))
_COUNT_ERASED: Final = SQLITE.compile(purging.COUNT_ERASED)

_OLD_PROJECTS: Final = SQLITE.compile(projects.OLD_PROJECTS)
_OLD_TRASHED_PROJECTS: Final = SQLITE.compile(projects.OLD_TRASHED_PROJECTS)
_ERASE_PROJECT: Final = SQLITE.compile(
    projects.ERASE_PROJECTS.where(
        project_table.c.user_id == sa.bindparam("user_id"), project_table.c.id == sa.bindparam("id")
    )
)
_ERASE_PROJECTS_OF_USER: Final = SQLITE.compile(projects.ERASE_PROJECTS_OF_USER)
_FORGET_PROJECT: Final = SQLITE.compile(projects.FORGET_PROJECT)
_RAISE_FORGOTTEN: Final = SQLITE.compile(projects.RAISE_FORGOTTEN)

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
    since = SQLITE.write_instant(deletions_before)
    purged = 0
    for find, before, values, forget in (
        (_OLD_TRASHED_PROJECTS, trash_before, {"since": since}, _erase_projects),
        (_OLD_TRASH, trash_before, {"since": since}, _erase),
        (_OLD_KEYS, keys_before, {}, _forget_keys),
        (_OLD_DELETIONS, deletions_before, {}, _forget_deletions),
        (_OLD_PROJECTS, deletions_before, {}, _forget_projects),
    ):
        found = _old(connection, find, before, limit - purged, **values)
        purged += len(found)
        if not dry_run:
            forget(connection, found)
    return purged


def erase_oldest(connection: sqlite3.Connection, user_id: UserId, up_to: int, limit: int) -> int:
    """See TaskRepository."""
    require_writable(connection, user_id)
    values = {"user_id": user_id, "up_to": up_to, **projects.ERASED_PROJECT}
    erased = connection.execute(_ERASE_PROJECTS_OF_USER, values).rowcount
    return erased + erase_oldest_tasks(connection, user_id, up_to, limit)


def erase_oldest_tasks(connection: sqlite3.Connection, user_id: UserId, up_to: int, limit: int) -> int:
    """Erase at most `limit` tasks in the trash with a revision up to this one; return how many."""
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
        counted = {"user_id": user_id, "forgotten": 1, "forgotten_revision": revision, "in_trash": in_trash}
        connection.execute(_COUNT_FORGOTTEN_DELETION, counted)


def _forget_projects(connection: sqlite3.Connection, deletions: _Rows) -> None:
    for user_id, project_id, revision in deletions:
        connection.execute(_FORGET_PROJECT, {"user_id": user_id, "id": project_id})
        connection.execute(_RAISE_FORGOTTEN, {"user_id": user_id, "forgotten_revision": revision})


def _erase_projects(connection: sqlite3.Connection, trash: _Rows) -> None:
    for user_id, project_id, *_ in trash:
        connection.execute(_ERASE_PROJECT, {"user_id": user_id, "id": project_id, **projects.ERASED_PROJECT})


def _erase(connection: sqlite3.Connection, trash: _Rows) -> None:
    for user_id, task_id, *_ in trash:
        connection.execute(_ERASE, {"user_id": user_id, "id": task_id, **purging.ERASED_VALUES})
        connection.execute(_COUNT_ERASED, {"user_id": user_id, "erased": 1})
