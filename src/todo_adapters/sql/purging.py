"""The statements that erase what is in the trash, and that forget deletions and idempotency keys.

SQLite runs them one after the other in a transaction; PostgreSQL combines several into one.
"""

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa

from todo_adapters.sql.statements import IN_TRASH, LIST_OF_USER, OF_USER, ZERO, Greatest, parameter
from todo_adapters.sql.tables import idempotency_keys, task_lists, tasks

# Purging finds old rows through the partial indexes, and reads no other rows.
_OF_OLD_KEYS: Final = (
    sa.select(idempotency_keys.c.user_id, idempotency_keys.c.key)
    .where(idempotency_keys.c.position == ZERO, idempotency_keys.c.created_at < sa.bindparam("before"))
    .order_by(idempotency_keys.c.created_at)
    .limit(sa.bindparam("limit"))
    .offset(ZERO)
)
_OF_DELETIONS: Final = (
    sa.select(tasks.c.user_id, tasks.c.id, tasks.c.revision, tasks.c.in_trash).limit(sa.bindparam("limit")).offset(ZERO)
)
OLD_KEYS: Final = _OF_OLD_KEYS
OLD_KEYS_OF_USER: Final = _OF_OLD_KEYS.where(idempotency_keys.c.user_id == sa.bindparam("user_id"))
OLD_DELETIONS: Final = _OF_DELETIONS.where(tasks.c.deleted_at < sa.bindparam("before")).order_by(tasks.c.deleted_at)
OLD_TRASH: Final = _OF_DELETIONS.where(
    IN_TRASH, tasks.c.deleted_at >= sa.bindparam("since"), tasks.c.deleted_at < sa.bindparam("before")
).order_by(tasks.c.deleted_at)
OLDEST_TRASH_OF_USER: Final = _OF_DELETIONS.where(
    OF_USER, IN_TRASH, tasks.c.revision <= sa.bindparam("up_to")
).order_by(tasks.c.revision)
OLDEST_DELETIONS_OF_USER: Final = _OF_DELETIONS.where(OF_USER, tasks.c.deleted_at.is_not(None)).order_by(
    tasks.c.revision
)

FORGET_KEY: Final = sa.delete(idempotency_keys).where(
    idempotency_keys.c.user_id == sa.bindparam("user_id"),
    idempotency_keys.c.key == sa.bindparam("key"),
)
COUNT_FORGOTTEN_KEY: Final = (
    sa.update(task_lists).where(LIST_OF_USER).values(key_count=task_lists.c.key_count - sa.bindparam("forgotten"))
)
"""Takes the rows that FORGET_KEY deleted as `forgotten`."""

FORGET_DELETION: Final = sa.delete(tasks).where(
    OF_USER, tasks.c.id == sa.bindparam("id"), tasks.c.deleted_at.is_not(None)
)
COUNT_FORGOTTEN_DELETION: Final = (
    sa.update(task_lists)
    .where(LIST_OF_USER)
    .values(
        deletion_count=task_lists.c.deletion_count - sa.bindparam("forgotten"),
        trash_count=task_lists.c.trash_count - sa.bindparam("in_trash"),
        forgotten_revision=Greatest(task_lists.c.forgotten_revision, parameter(task_lists.c.forgotten_revision)),
    )
)
"""Takes the number of deletions as `forgotten`, and how many of their tasks are `in_trash`."""

_KEPT: Final = frozenset({"user_id", "id", "revision", "created_at", "updated_at", "deleted_at"})


def erased_columns(table: sa.Table) -> Sequence[sa.Column[Any]]:
    """Return the columns that lose their values when a task or a project is erased."""
    return [column for column in table.c if column.name not in _KEPT]


def erased_values(table: sa.Table) -> dict[str, Any]:
    """Return the values of these columns in a tombstone."""
    return {column.name: None if column.nullable else column.type.python_type() for column in erased_columns(table)}


def erase(table: sa.Table) -> sa.Update:
    """Turn rows in the trash into tombstones. Takes `erased_values`."""
    return sa.update(table).values(
        {column.name: parameter(column) for column in erased_columns(table)}
        | dict.fromkeys(("created_at", "updated_at"), table.c.deleted_at)
    )


ERASED_VALUES: Final = erased_values(tasks)
ERASE: Final = erase(tasks)
COUNT_ERASED: Final = (
    sa.update(task_lists).where(LIST_OF_USER).values(trash_count=task_lists.c.trash_count - sa.bindparam("erased"))
)
"""Takes the number of tasks as `erased`."""
