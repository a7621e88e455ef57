"""The statements that erase everything of a user, in steps, and that forget old erasures.

Both databases run them one after the other in a transaction.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from todo_adapters.sql.dialects import Dialect
from todo_adapters.sql.statements import (
    COUNTER_NAMES,
    LIST_OF_USER,
    ONE,
    REVISION_FLOOR,
    ZERO,
    next_revision,
    parameter,
)
from todo_adapters.sql.tables import metadata, store, task_lists
from todo_domain import UserId, require_not_erased

_TABLES: Final = [each for each in metadata.sorted_tables if "user_id" in each.c and each is not task_lists]
"""All that users have. A table that is added later is erased too."""

_KEPT: Final = frozenset({"revision", "last_task_id", "last_project_id"})
_COUNTS: Final = dict.fromkeys([name for name in COUNTER_NAMES if name not in _KEPT], ZERO)
_IS_EMPTY: Final = [
    ~sa.exists(ONE).where(table.c.user_id == sa.bindparam("user_id")).select_from(table) for table in _TABLES
]
_ERASING: Final = task_lists.c.erasing
_at: Final = parameter(task_lists.c.erased_at)
_is_old: Final = sa.and_(LIST_OF_USER, task_lists.c.erased_at < sa.bindparam("before"), _ERASING.is_(None))


def mark(dialect: Dialect, floor: Any = REVISION_FLOOR) -> Any:
    """Mark a list as erased `erased_at`, unless it was erased then or later; create it if it does not exist."""
    first = {"revision": floor + ONE, "forgotten_revision": floor + ONE, "last_task_id": ZERO, "last_project_id": ZERO}
    marked: dict[str, Any] = {**_COUNTS, "erased_at": _at, "erasing": sa.true()}
    revision = next_revision(floor + ONE)
    return (
        dialect.insert(task_lists)
        .values(user_id=sa.bindparam("user_id"), **first, **marked)
        .on_conflict_do_update(
            index_elements=["user_id"],
            set_={**marked, "revision": revision, "forgotten_revision": revision},
            where=sa.or_(task_lists.c.erased_at.is_(None), task_lists.c.erased_at < _at),
        )
    )


def _delete_some(table: sa.Table) -> sa.Delete:
    key = [column for column in table.primary_key if column.name != "user_id"]
    of_user = table.c.user_id == sa.bindparam("user_id")
    # Writers lock records before the list: waiting for one, while this transaction has locked the list, could deadlock.
    first = sa.select(*key).where(of_user).order_by(*key).limit(sa.bindparam("limit")).offset(ZERO)
    some = first.with_for_update(skip_locked=True).cte("some").prefix_with("MATERIALIZED")
    # Redundant, but otherwise PostgreSQL may read all records of the user for each step.
    among_first = key[0] <= sa.select(sa.func.max(some.c[key[0].name])).scalar_subquery()
    chosen = sa.tuple_(*key).in_(sa.select(some))
    return sa.delete(table).where(of_user, among_first, chosen, sa.exists(ONE).where(LIST_OF_USER, _ERASING))


DELETE_SOME: Final = [_delete_some(table) for table in _TABLES]
"""Delete `limit` records of each table while the list is being erased."""

FINISH: Final = sa.update(task_lists).where(LIST_OF_USER, _ERASING, *_IS_EMPTY).values(erasing=sa.null(), **_COUNTS)
"""End the erasure if nothing is left."""

STATE: Final = sa.select(task_lists.c.erased_at, _ERASING).where(LIST_OF_USER)
"""For `require_permitted`."""

ERASED_SINCE: Final = sa.select(task_lists.c.user_id, task_lists.c.erased_at).where(
    task_lists.c.erased_at >= sa.bindparam("since")
)
_found: Final = sa.select(task_lists.c.user_id, task_lists.c.erased_at).limit(sa.bindparam("limit")).offset(ZERO)
UNFINISHED: Final = _found.where(task_lists.c.erased_at.is_not(None), _ERASING)
OLD: Final = _found.where(task_lists.c.erased_at < sa.bindparam("before"), _ERASING.is_(None))

LOCK_OLD: Final = sa.select(task_lists.c.user_id).where(_is_old).with_for_update()
_last_revision: Final = sa.select(task_lists.c.revision).where(_is_old, *_IS_EMPTY).scalar_subquery()
FORGET: Final = (
    sa.update(store).where(store.c.revision_floor < _last_revision).values(revision_floor=_last_revision),
    sa.delete(task_lists).where(_is_old, *_IS_EMPTY),
    sa.update(task_lists).where(_is_old).values(erased_at=sa.null()),
)
"""Forget an erasure from before `before`."""


def permission_values(dialect: Dialect, user_id: UserId) -> dict[str, Any]:
    """Return the parameter of `statements.PERMITTED`."""
    return {"issued_at": dialect.write_instant(user_id.issued_at)}


def require_permitted(dialect: Dialect, user_id: UserId, rows: Sequence[Sequence[Any]]) -> None:
    """Raise TokenRejected or ErasureInProgress as the row of `STATE` says."""
    for erased_at, erasing in rows:
        if erased_at is not None:
            at: datetime = dialect.read_instant(erased_at)
            require_not_erased(user_id, at, is_erasing=bool(erasing))
