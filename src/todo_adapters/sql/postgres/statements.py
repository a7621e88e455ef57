"""The statements in which PostgreSQL does several things at once, so that a write is one round trip.

Each is a chain of common table expressions. Every transaction locks tasks first and then
the list: with two orders, transactions would deadlock. The expression that increments the
list's counters reads from the one that locked the task, so that a write that is refused
increments nothing.
"""

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from todo_adapters.sql.dialects import POSTGRESQL
from todo_adapters.sql.postgres.timeline import REVISION_FLOOR
from todo_adapters.sql.statements import (
    COUNTER_NAMES,
    ERASE,
    GET,
    GET_STATES,
    IN_TRASH,
    KEY,
    LIST_OF_USER,
    OF_USER,
    OLD_DELETIONS,
    OLD_KEYS,
    OLD_KEYS_OF_USER,
    OLD_TRASH,
    OLDEST_DELETIONS_OF_USER,
    OLDEST_TRASH_OF_USER,
    ONE,
    ZERO,
    Greatest,
    next_revision,
    parameter,
)
from todo_adapters.sql.tables import idempotency_keys, task_lists, tasks

_FIRST_REVISION: Final = REVISION_FLOOR + ONE


def _insert(table: sa.Table, computed: dict[str, Any], *unless: sa.FromClause) -> Any:
    """Insert one row of parameters and computed values, unless one of `unless` has rows."""
    values = [computed.get(column.name, parameter(column)).label(column.name) for column in table.c]
    empty = [~sa.exists(ONE).select_from(rows) for rows in unless]
    return insert(table).from_select(table.c.keys(), sa.select(*values).where(*empty))


_COUNTED: Final = ("last_task_id", "open_count", "task_count", "key_count")
"""What a new task increases."""

_MAX_OPEN_TASKS: Final[sa.ColumnElement[int]] = sa.bindparam("max_open_tasks")


def _number(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    """Return 1 where the condition is true, otherwise 0."""
    return sa.cast(condition, sa.Integer)


def _count_task(*unless: sa.FromClause, keys: sa.ColumnElement[int]) -> Any:
    """Count a new task; create the list if it does not exist. No row if a quota forbids it."""
    is_open = _number(parameter(tasks.c.completed_at).is_(None))
    counts = {"last_task_id": ONE, "open_count": is_open, "task_count": ONE, "key_count": keys}
    zeros = dict.fromkeys(("deletion_count", "trash_count", "forgotten_revision"), ZERO)
    first = _insert(task_lists, {"revision": _FIRST_REVISION, **counts, **zeros}, *unless)
    raised = {name: task_lists.c[name] + first.excluded[name] for name in _COUNTED}
    has_room = (
        sa.or_(first.excluded.open_count == ZERO, task_lists.c.open_count < _MAX_OPEN_TASKS),
        task_lists.c.task_count < sa.bindparam("max_tasks"),
        *((task_lists.c.key_count < sa.bindparam("max_keys"),) if keys is ONE else ()),
    )
    return (
        first.on_conflict_do_update(
            index_elements=["user_id"],
            set_={"revision": next_revision(first.excluded.revision), **raised},
            where=sa.and_(*has_room),
        )
        .returning(task_lists.c.last_task_id.label("id"), task_lists.c.revision)
        .cte("list")
    )


def _initial_position(task_id: sa.ColumnElement[int]) -> sa.ColumnElement[str]:
    """Return `todo_domain.position.initial_position` as SQL."""
    digits = sa.cast(task_id, sa.Text)
    first = sa.func.chr(sa.literal_column("96") + sa.func.length(digits))
    return sa.func.rtrim(first.concat(digits), sa.literal_column("'0'"))


def _add() -> Any:
    list_ = _count_task(keys=ZERO)
    return (
        _insert(
            tasks,
            {
                "id": list_.c.id,
                "revision": list_.c.revision,
                "position": _initial_position(list_.c.id),
                "in_trash": sa.false(),
            },
        )
        .add_cte(list_)
        .returning(tasks.c.id, tasks.c.revision)
    )


def _add_once() -> Any:
    kept = KEY.cte("kept")
    list_ = _count_task(kept, keys=ONE)
    added = {
        "id": list_.c.id,
        "revision": list_.c.revision,
        "position": _initial_position(list_.c.id),
        "in_trash": sa.false(),
    }
    outcome = {"task_id": list_.c.id, "revision": list_.c.revision, "position": ZERO, "task_position": sa.null()}
    return sa.union_all(
        sa.select(kept),
        sa.select(sa.null(), list_.c.id, list_.c.revision, sa.null(), sa.null()),
    ).add_cte(_insert(tasks, added).cte("task"), _insert(idempotency_keys, outcome).cte("key"))


_WRITTEN: Final = [column for column in tasks.c if not column.primary_key and column.name != "in_trash"]
"""What an edit and a permanent removal set. Their task is not in the trash, before and after."""


def _write(*, to_trash: bool = False, only_if_at: bool) -> Any:
    task = GET.with_for_update(key_share=True).cte("task").prefix_with("MATERIALIZED")
    # After a restore, until the epoch is renewed, a revision can be used again, but with another time.
    as_expected = task.c.revision == sa.bindparam("expected"), task.c.updated_at == sa.bindparam("expected_at")
    condition = sa.and_(*as_expected) if only_if_at else task.c.id == sa.bindparam("id")
    was_open = _number(task.c.completed_at.is_(None))
    counts = task_lists.c
    if to_trash:
        condition = sa.and_(LIST_OF_USER, condition)
        changed: dict[str, Any] = {
            "open_count": counts.open_count - was_open,
            "task_count": counts.task_count - ONE,
            "deletion_count": counts.deletion_count + ONE,
            "trash_count": counts.trash_count + ONE,
        }
        values: dict[str, Any] = {"deleted_at": parameter(tasks.c.deleted_at), "in_trash": sa.true()}
    else:
        is_removed = _number(parameter(tasks.c.deleted_at).is_not(None))
        is_open = _number(
            sa.and_(parameter(tasks.c.deleted_at).is_(None), parameter(tasks.c.completed_at).is_(None)),
        )
        has_room = sa.or_(is_open <= was_open, counts.open_count < _MAX_OPEN_TASKS)
        condition = sa.and_(LIST_OF_USER, condition, has_room)
        changed = {
            "open_count": counts.open_count + is_open - was_open,
            "task_count": counts.task_count - is_removed,
            "deletion_count": counts.deletion_count + is_removed,
        }
        values = {column.name: parameter(column) for column in _WRITTEN}
    list_ = (
        sa.update(task_lists)
        .where(condition)
        .values(revision=next_revision(_FIRST_REVISION), **changed)
        .returning(counts.revision, counts.deletion_count, counts.trash_count)
        .cte("list")
    )
    written = (
        sa.update(tasks)
        .where(OF_USER, tasks.c.id == sa.bindparam("id"))
        .values({**values, "revision": list_.c.revision})
        .returning(tasks.c.revision, list_.c.deletion_count, list_.c.trash_count)
        .cte("written")
    )
    return sa.select(*written.c, *task.c).select_from(task.outerjoin(written, sa.true()))


def _lock_list() -> Any:
    first = _insert(task_lists, dict.fromkeys((*COUNTER_NAMES, "forgotten_revision"), ZERO))
    return first.on_conflict_do_update(index_elements=["user_id"], set_={"revision": task_lists.c.revision}).returning(
        *(task_lists.c[name] for name in COUNTER_NAMES), REVISION_FLOOR
    )


def _forget_deletions(old: sa.Select[Any], *, only_if: sa.ColumnElement[bool]) -> Any:
    rows, lists = _lock(old, only_if, skip_locked=True)
    gone = (
        sa.delete(tasks)
        .where(tasks.c.user_id == rows.c.user_id, tasks.c.id == rows.c.id, lists.c.user_id == rows.c.user_id)
        .returning(tasks.c.user_id, tasks.c.revision, tasks.c.in_trash)
        .cte("gone")
    )
    revision = sa.func.max(gone.c.revision).label("revision")
    in_trash = sa.func.count().filter(gone.c.in_trash).label("in_trash")
    counts = sa.select(gone.c.user_id, revision, sa.func.count().label("count"), in_trash)
    last = counts.group_by(gone.c.user_id).cte("last")
    counted = (
        sa.update(task_lists)
        .where(task_lists.c.user_id == last.c.user_id)
        .values(
            deletion_count=task_lists.c.deletion_count - last.c.count,
            trash_count=task_lists.c.trash_count - last.c.in_trash,
            forgotten_revision=Greatest(task_lists.c.forgotten_revision, last.c.revision),
        )
        .cte("counted")
    )
    return _count(gone).add_cte(counted)


def _forget_keys(old: sa.Select[Any], *, skip_locked: bool) -> Any:
    rows, lists = _lock(old, sa.true(), skip_locked=skip_locked)
    keys = idempotency_keys.c
    gone = (
        sa.delete(idempotency_keys)
        .where(keys.user_id == rows.c.user_id, keys.key == rows.c.key, lists.c.user_id == rows.c.user_id)
        .returning(keys.user_id, keys.position)
        .cte("gone")
    )
    last = sa.select(gone.c.user_id, sa.func.count().label("count")).group_by(gone.c.user_id).cte("last")
    counted = (
        sa.update(task_lists)
        .where(task_lists.c.user_id == last.c.user_id)
        .values(key_count=task_lists.c.key_count - last.c.count)
        .cte("counted")
    )
    return _count(gone).where(gone.c.position == ZERO).add_cte(counted)


def _erase(old: sa.Select[Any], *, only_if: sa.ColumnElement[bool], skip_locked: bool) -> Any:
    rows, lists = _lock(old, only_if, skip_locked=skip_locked)
    erased = (
        ERASE.where(tasks.c.user_id == rows.c.user_id, tasks.c.id == rows.c.id, lists.c.user_id == rows.c.user_id)
        .returning(tasks.c.user_id)
        .cte("erased")
    )
    last = sa.select(erased.c.user_id, sa.func.count().label("count")).group_by(erased.c.user_id).cte("last")
    counted = (
        sa.update(task_lists)
        .where(task_lists.c.user_id == last.c.user_id)
        .values(trash_count=task_lists.c.trash_count - last.c.count)
        .cte("counted")
    )
    return _count(erased).add_cte(counted)


def _lock(old: sa.Select[Any], only_if: sa.ColumnElement[bool], *, skip_locked: bool) -> tuple[sa.CTE, sa.CTE]:
    """Lock old rows, then their lists. Over many lists, skip what others have locked: then no deadlock is possible."""
    rows = old.with_for_update(skip_locked=skip_locked).cte("old").prefix_with("MATERIALIZED")
    lists = (
        sa.select(task_lists.c.user_id)
        .where(task_lists.c.user_id.in_(sa.select(rows.c.user_id)), only_if)
        .with_for_update(key_share=True, skip_locked=skip_locked)
        .cte("lists")
        .prefix_with("MATERIALIZED")
    )
    return rows, lists


def _count(rows: sa.FromClause) -> Any:
    return sa.select(sa.func.count()).select_from(rows)


ADD: Final = POSTGRESQL.compile(_add())
"""Returns the id and the revision of the new task; no row if a quota forbids it."""

ADD_ONCE: Final = POSTGRESQL.compile(_add_once())
"""Returns the rows of `statements.KEY`; if there were none, a row of the same form with only the
id and the revision of the new task; no row if a quota forbids it. If two run at once with one new
key, one of them violates the primary key and is undone; when it runs again, it returns the stored rows."""

_ids = OLDEST_TRASH_OF_USER.with_only_columns(tasks.c.id)
_OLDEST_IN_ORDER_OF_ID: Final = (
    sa.select(tasks.c.user_id, tasks.c.id)
    .where(OF_USER, IN_TRASH, tasks.c.revision <= sa.bindparam("up_to"), tasks.c.id.in_(_ids))
    .order_by(tasks.c.id)
)
"""The same as OLDEST_TRASH_OF_USER, in the order in which batches lock tasks."""

WRITE: Final = POSTGRESQL.compile(_write(only_if_at=False))
WRITE_IF_AT: Final = POSTGRESQL.compile(_write(only_if_at=True))
TRASH: Final = POSTGRESQL.compile(_write(to_trash=True, only_if_at=False))
TRASH_IF_AT: Final = POSTGRESQL.compile(_write(to_trash=True, only_if_at=True))
"""Return the new revision, the numbers of remembered deletions and of tasks in the trash, and the task
as it was before; without a row if there is no such task. Revision and numbers are null if a quota forbids
the change, or if the task is not at the revision `expected` of the time `expected_at`."""

LOCK_TASKS: Final = POSTGRESQL.compile(GET_STATES.with_for_update(key_share=True))

LOCK_MORE_TASKS: Final = POSTGRESQL.compile(GET_STATES.with_for_update(key_share=True, nowait=True))
"""For tasks that are found after the list is locked: waiting for them could deadlock, so it raises LockNotAvailable."""

LOCK_LIST: Final = POSTGRESQL.compile(_lock_list())
"""Locks the list's row, creates it if it does not exist, and returns the fields of ListCounters.
Until the transaction ends, other changes to the list wait."""

FORGET_KEYS: Final = POSTGRESQL.compile(_forget_keys(OLD_KEYS, skip_locked=True))
FORGET_KEYS_OF_USER: Final = POSTGRESQL.compile(_forget_keys(OLD_KEYS_OF_USER, skip_locked=False))
FORGET_DELETIONS: Final = POSTGRESQL.compile(_forget_deletions(OLD_DELETIONS, only_if=sa.true()))
FORGET_OLDEST_DELETIONS: Final = POSTGRESQL.compile(
    _forget_deletions(OLDEST_DELETIONS_OF_USER, only_if=task_lists.c.deletion_count >= sa.bindparam("deletion_count"))
)
"""Forgets `limit` deletions of the user, unless others have forgotten some since there were `deletion_count`."""

ERASE_OLD: Final = POSTGRESQL.compile(_erase(OLD_TRASH, only_if=sa.true(), skip_locked=True))
ERASE_OLDEST: Final = POSTGRESQL.compile(
    _erase(_OLDEST_IN_ORDER_OF_ID, only_if=task_lists.c.trash_count >= sa.bindparam("trash_count"), skip_locked=False)
)
"""Erases `limit` tasks in the trash of the user, if there are still `trash_count`."""

COUNT_OLD_TRASH: Final = POSTGRESQL.compile(_count(OLD_TRASH.subquery()))
COUNT_OLD_KEYS: Final = POSTGRESQL.compile(_count(OLD_KEYS.subquery()))
COUNT_OLD_DELETIONS: Final = POSTGRESQL.compile(_count(OLD_DELETIONS.subquery()))
