"""The statements about imported items, and the mapping of their rows."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import sqlalchemy as sa

from todo_adapters.sql.statements import InSet
from todo_adapters.sql.tables import imported_items
from todo_domain import Kind, RememberedItem, UserId

REMEMBERED: Final = sa.select(imported_items.c.key, imported_items.c.task_id, imported_items.c.project_id).where(
    imported_items.c.user_id == sa.bindparam("user_id"), InSet(imported_items.c.key, sa.bindparam("keys"))
)
"""The imported items whose key is in the set `keys`, for `read_remembered`."""

REMEMBER: Final = sa.insert(imported_items)


def read_remembered(rows: Iterable[Sequence[Any]]) -> list[RememberedItem]:
    """Return the items in the rows of `REMEMBERED`."""
    return [
        RememberedItem(key, Kind.PROJECT, project_id) if task_id is None else RememberedItem(key, Kind.TASK, task_id)
        for key, task_id, project_id in rows
    ]


def remembered_values(user_id: UserId, items: Iterable[RememberedItem]) -> list[dict[str, Any]]:
    """Return the values of all columns of `imported_items` for each item."""
    nothing = {"task_id": None, "project_id": None}
    return [{"user_id": user_id, "key": item.key, **nothing, f"{item.kind}_id": item.id} for item in items]
