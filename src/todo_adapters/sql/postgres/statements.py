"""The statements in which PostgreSQL does several things at once, so that a write is one round trip.

Each is a chain of common table expressions. Every transaction locks tasks first and then
the list: with two orders, transactions would deadlock. The expression that increments the
list's counters reads from the one that locked the task, so that a write that is refused
increments nothing.
"""

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert

from todo_adapters.sql.dialects import POSTGRESQL
from todo_adapters.sql.postgres.timeline import REVISION_FLOOR
from todo_adapters.sql.project_tasks import (
    NAMED_OR_IN_PROJECTS,
    TASKS_OF_PROJECT,
    TASKS_REMOVED_WITH_PROJECT,
    change_in_bulk,
)
from todo_adapters.sql.statements import (
    COUNTER_NAMES,
    GET,
    GET_STATES,
    KEY,
    LIST_OF_USER,
    OF_USER,
    ONE,
    PERMITTED,
    ZERO,
    next_revision,
    parameter,
)
from todo_adapters.sql.tables import idempotency_keys, task_lists, tasks
from todo_domain import BulkKind

_FIRST_REVISION: Final = REVISION_FLOOR + ONE


def _insert(table: sa.Table, computed: dict[str, Any], *unless: sa.FromClause) -> Any:
    """Insert one row of parameters and computed values, unless one of `unless` has rows."""
    values = [computed.get(column.name, parameter(column)).label(column.name) for column in table.c]
    empty = [~sa.exists(ONE).select_from(rows) for rows in unless]
    return insert(table).from_select(table.c.keys(), sa.select(*values).where(*empty))


_COUNTED: Final = ("last_task_id", "open_count", "task_count", "key_count")
"""What a new task increases."""

_MAX_OPEN_TASKS: Final[sa.ColumnElement[int]] = sa.bindparam("max_open_tasks")


_NEVER_FORGOTTEN: Final = {"forgotten_revision": REVISION_FLOOR, "erased_at": sa.null(), "erasing": sa.null()}
"""Of a new list. Feed tokens of a list that the user had before are below the floor, see `statements.set_counters`."""


def _number(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    """Return 1 where the condition is true, otherwise 0."""
    return sa.cast(condition, sa.Integer)


def _count_task(*unless: sa.FromClause, keys: sa.ColumnElement[int]) -> Any:
    """Count a new task; create the list if it does not exist. No row if a quota forbids it."""
    is_open = _number(parameter(tasks.c.completed_at).is_(None))
    counts = {"last_task_id": ONE, "open_count": is_open, "task_count": ONE, "key_count": keys}
    zeros = dict.fromkeys({*COUNTER_NAMES} - {"revision", *counts}, ZERO)
    first = _insert(task_lists, {"revision": _FIRST_REVISION, **counts, **zeros, **_NEVER_FORGOTTEN}, *unless)
    raised = {name: task_lists.c[name] + first.excluded[name] for name in _COUNTED}
    has_room = (
        PERMITTED,
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
    condition = sa.and_(PERMITTED, *as_expected) if only_if_at else sa.and_(PERMITTED, task.c.id == sa.bindparam("id"))
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
    first = _insert(task_lists, {**dict.fromkeys(COUNTER_NAMES, ZERO), **_NEVER_FORGOTTEN})
    return first.on_conflict_do_update(index_elements=["user_id"], set_={"revision": task_lists.c.revision}).returning(
        *(task_lists.c[name] for name in COUNTER_NAMES), REVISION_FLOOR, task_lists.c.erased_at, task_lists.c.erasing
    )


ADD: Final = POSTGRESQL.compile(_add())
"""Returns the id and the revision of the new task; no row if a quota or an erasure forbids it."""

ADD_ONCE: Final = POSTGRESQL.compile(_add_once())
"""Returns the rows of `statements.KEY`; if there were none, a row of the same form with only the
id and the revision of the new task; no row if a quota or an erasure forbids it. If two run at once with one new
key, one of them violates the primary key and is undone; when it runs again, it returns the stored rows."""

WRITE: Final = POSTGRESQL.compile(_write(only_if_at=False))
WRITE_IF_AT: Final = POSTGRESQL.compile(_write(only_if_at=True))
TRASH: Final = POSTGRESQL.compile(_write(to_trash=True, only_if_at=False))
TRASH_IF_AT: Final = POSTGRESQL.compile(_write(to_trash=True, only_if_at=True))
"""Return the new revision, the numbers of remembered deletions and of tasks in the trash, and the task
as it was before; without a row if there is no such task. Revision and numbers are null if a quota or an
erasure forbids the change, or if the task is not at the revision `expected` of the time `expected_at`."""

LOCK_TASKS: Final = POSTGRESQL.compile(GET_STATES.with_for_update(key_share=True))

LOCK_MORE_TASKS: Final = POSTGRESQL.compile(GET_STATES.with_for_update(key_share=True, nowait=True))
"""For tasks that are found after the list is locked: waiting for them could deadlock, so it raises LockNotAvailable."""

LOCK_NAMED_OR_IN_PROJECTS: Final = POSTGRESQL.compile(
    sa.select(sa.func.count()).select_from(NAMED_OR_IN_PROJECTS.with_for_update(key_share=True).subquery())
)
"""Locks the tasks of a batch that removes or restores projects, in ascending order of id."""

READ_TASKS_OF_PROJECT: Final = {
    in_trash: POSTGRESQL.compile(statement.with_for_update(key_share=True, nowait=True, of=tasks))
    for in_trash, statement in ((False, TASKS_OF_PROJECT), (True, TASKS_REMOVED_WITH_PROJECT))
}
"""Raise LockNotAvailable like LOCK_MORE_TASKS."""

LOCK_LIST: Final = POSTGRESQL.compile(_lock_list())
"""Locks the list's row, creates it if it does not exist, and returns a row for `rows.read_counters`.
Until the transaction ends, other changes to the list wait."""

_CHANGED: Final = (
    sa.func.unnest(
        sa.cast(sa.bindparam("ids"), ARRAY(sa.BigInteger)), sa.cast(sa.bindparam("revisions"), ARRAY(sa.BigInteger))
    )
    .table_valued(sa.column("id", sa.BigInteger), sa.column("revision", sa.BigInteger))
    .render_derived("changed")
)
CHANGE_IN_BULK: Final = {
    kind: POSTGRESQL.compile(change_in_bulk(kind, _CHANGED.c.revision).where(OF_USER, tasks.c.id == _CHANGED.c.id))
    for kind in BulkKind
}
"""Takes the ids as the set `ids`, and the revision of each in the same order as `revisions`."""
