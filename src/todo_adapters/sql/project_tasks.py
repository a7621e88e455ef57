"""The statements about the tasks of a removed or restored project, which are changed in bulk."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from todo_adapters.sql.dialects import Dialect
from todo_adapters.sql.purging import ERASED_VALUES, erased_columns
from todo_adapters.sql.statements import IN_TRASH, NOT_DELETED, OF_USER, Greatest, InSet, parameter
from todo_adapters.sql.tables import TASKS_BY_POSITION, tasks
from todo_adapters.sql.tables import TASKS_OF_PROJECT as INDEX
from todo_domain import BulkChange, BulkKind, StoredTask, UserId

_OF_PROJECT: Final = tasks.c.project_id == sa.bindparam("project_id")
_INDEXED: Final = f"INDEXED BY {INDEX.name}"
_other: Final = tasks.alias("other")
_is_crowded: Final = (
    sa.select(_other.c.id)
    .where(_other.c.user_id == tasks.c.user_id, _other.c.position == tasks.c.position, _other.c.deleted_at.is_(None))
    .with_hint(_other, f"INDEXED BY {TASKS_BY_POSITION.name}", "sqlite")
    .exists()
    .label("is_crowded")
)
_IS_OPEN: Final = tasks.c.completed_at.is_(None).label("is_open")

TASKS_OF_PROJECT: Final = (
    sa.select(tasks.c.id, tasks.c.position, _IS_OPEN, sa.false().label("is_crowded"))
    .where(OF_USER, _OF_PROJECT, NOT_DELETED)
    .order_by(tasks.c.id)
    .with_hint(tasks, _INDEXED, "sqlite")
)
TASKS_REMOVED_WITH_PROJECT: Final = (
    sa.select(tasks.c.id, tasks.c.position, _IS_OPEN, _is_crowded)
    .where(OF_USER, _OF_PROJECT, tasks.c.deleted_with == tasks.c.project_id, IN_TRASH)
    .order_by(tasks.c.id)
    .with_hint(tasks, _INDEXED, "sqlite")
)
"""For `read_stored`. All tasks that were removed with a project are still in it."""

NAMED_OR_IN_PROJECTS: Final = (
    sa.select(tasks.c.id)
    .where(
        OF_USER,
        sa.or_(InSet(tasks.c.id, sa.bindparam("ids")), InSet(tasks.c.project_id, sa.bindparam("project_ids"))),
    )
    .order_by(tasks.c.id)
)
"""All tasks that a batch may have to lock before it locks the list."""

_CHANGED: Final[Mapping[BulkKind, Mapping[str, Any]]] = {
    BulkKind.TRASH: {
        "deleted_at": parameter(tasks.c.deleted_at),
        "in_trash": sa.true(),
        "deleted_with": parameter(tasks.c.deleted_with),
    },
    BulkKind.ERASE: {
        **{column.name: parameter(column) for column in erased_columns(tasks)},
        **dict.fromkeys(("deleted_at", "created_at", "updated_at"), parameter(tasks.c.deleted_at)),
    },
    BulkKind.RESTORE: {
        "updated_at": Greatest(tasks.c.updated_at, parameter(tasks.c.updated_at)),
        "succeeds": sa.null(),
        "deleted_at": sa.null(),
        "in_trash": sa.false(),
        "deleted_with": sa.null(),
    },
}


def change_in_bulk(kind: BulkKind, revision: Any) -> sa.Update:
    """Return the statement that changes tasks as `BulkChange.applied_to` does; the caller adds which tasks."""
    return sa.update(tasks).values({**_CHANGED[kind], "revision": revision})


def bulk_values(dialect: Dialect, user_id: UserId, change: BulkChange) -> dict[str, Any]:
    """Return the parameters of `change_in_bulk`, without those of single tasks."""
    at = dialect.write_instant(change.at)
    deleted_with = change.project_id if change.kind is BulkKind.TRASH else None
    erased = ERASED_VALUES if change.kind is BulkKind.ERASE else {}
    return {"user_id": user_id, "deleted_at": at, "updated_at": at, **erased, "deleted_with": deleted_with}


def read_stored(rows: Sequence[Sequence[Any]]) -> Sequence[StoredTask]:
    """Return the tasks in the rows of the statements above."""
    return [StoredTask._make(row) for row in rows]
