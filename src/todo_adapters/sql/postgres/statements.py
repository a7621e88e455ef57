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
from todo_adapters.sql.statements import (
    FIRST_REVISION,
    GET,
    GET_SOME,
    KEY,
    LIST_OF_USER,
    OF_USER,
    OLD_DELETIONS,
    OLD_KEYS,
    ONE,
    REVISION_FLOOR,
    ZERO,
    next_revision,
    parameter,
)
from todo_adapters.sql.tables import idempotency_keys, task_lists, tasks


def _insert(table: sa.Table, computed: dict[str, Any], *unless: sa.FromClause) -> Any:
    """Insert one row of parameters and computed values, unless one of `unless` has rows."""
    values = [computed.get(column.name, parameter(column)).label(column.name) for column in table.c]
    empty = [~sa.exists(ONE).select_from(rows) for rows in unless]
    return insert(table).from_select(table.c.keys(), sa.select(*values).where(*empty))


def _next_id(*unless: sa.FromClause) -> Any:
    """Increment both counters of the list; create the list if it does not exist."""
    first = _insert(task_lists, {"revision": FIRST_REVISION, "last_task_id": ONE, "forgotten_revision": ZERO}, *unless)
    raised = {"revision": next_revision(first.excluded.revision), "last_task_id": task_lists.c.last_task_id + ONE}
    return (
        first.on_conflict_do_update(index_elements=["user_id"], set_=raised)
        .returning(task_lists.c.last_task_id.label("id"), task_lists.c.revision)
        .cte("list")
    )


def _add() -> Any:
    list_ = _next_id()
    return (
        _insert(tasks, {"id": list_.c.id, "revision": list_.c.revision})
        .add_cte(list_)
        .returning(tasks.c.id, tasks.c.revision)
    )


def _add_once() -> Any:
    kept = KEY.cte("kept")
    list_ = _next_id(kept)
    first = {"id": list_.c.id, "task_id": list_.c.id, "revision": list_.c.revision, "position": ZERO}
    return sa.union_all(
        sa.select(kept),
        sa.select(sa.null(), list_.c.id, list_.c.revision, sa.null()),
    ).add_cte(_insert(tasks, first).cte("task"), _insert(idempotency_keys, first).cte("key"))


def _write(*, only_if_at: bool) -> Any:
    task = GET.with_for_update(key_share=True).cte("task").prefix_with("MATERIALIZED")
    # After a restore, until the epoch is renewed, a revision can be used again, but with another time.
    as_expected = task.c.revision == sa.bindparam("expected"), task.c.updated_at == sa.bindparam("expected_at")
    condition = sa.and_(*as_expected) if only_if_at else task.c.id == sa.bindparam("id")
    list_ = (
        sa.update(task_lists)
        .where(LIST_OF_USER, condition)
        .values(revision=next_revision())
        .returning(task_lists.c.revision)
        .cte("list")
    )
    written = (
        sa.update(tasks)
        .where(OF_USER, tasks.c.id == sa.bindparam("id"))
        .values({column.name: parameter(column) for column in tasks.c if not column.primary_key})
        .values(revision=list_.c.revision)
        .returning(tasks.c.revision)
        .cte("written")
    )
    return sa.select(written.c.revision, *task.c).select_from(task.outerjoin(written, sa.true()))


def _lock_list() -> Any:
    first = _insert(task_lists, dict.fromkeys(("revision", "last_task_id", "forgotten_revision"), ZERO))
    return first.on_conflict_do_update(index_elements=["user_id"], set_={"revision": task_lists.c.revision}).returning(
        task_lists.c.revision, task_lists.c.last_task_id, REVISION_FLOOR
    )


def _forget_deletions() -> Any:
    old = OLD_DELETIONS.with_for_update(skip_locked=True).cte("old")
    gone = (
        sa.delete(tasks)
        .where(tasks.c.user_id == old.c.user_id, tasks.c.id == old.c.id)
        .returning(tasks.c.user_id, tasks.c.revision)
        .cte("gone")
    )
    of_user, revision = gone.c.user_id, sa.func.max(gone.c.revision).label("revision")
    last = sa.select(of_user, revision).group_by(of_user).cte("last")
    raised = (
        sa.update(task_lists)
        .where(task_lists.c.user_id == last.c.user_id, task_lists.c.forgotten_revision < last.c.revision)
        .values(forgotten_revision=last.c.revision)
        .cte("raised")
    )
    return _count(gone).add_cte(raised)


def _forget_keys() -> Any:
    old = OLD_KEYS.with_for_update(skip_locked=True).cte("old")
    keys = idempotency_keys.c
    gone = sa.delete(idempotency_keys).where(keys.user_id == old.c.user_id, keys.key == old.c.key).cte("gone")
    return _count(old).add_cte(gone)


def _count(rows: sa.FromClause) -> Any:
    return sa.select(sa.func.count()).select_from(rows)


ADD: Final = POSTGRESQL.compile(_add())
"""Returns the id and the revision of the new task."""

ADD_ONCE: Final = POSTGRESQL.compile(_add_once())
"""Returns the rows of `statements.KEY`; if there were none, a row of the same form with only the
id and the revision of the new task. If two run at once with one new key, one of them violates the
primary key and is undone; when it runs again, it returns the stored rows."""

WRITE: Final = POSTGRESQL.compile(_write(only_if_at=False))
WRITE_IF_AT: Final = POSTGRESQL.compile(_write(only_if_at=True))
"""Return the new revision and the task as it was before; without a row if there is no such task. The
revision is null if the task is not at the revision `expected` of the time `expected_at`."""

LOCK_TASKS: Final = POSTGRESQL.compile(GET_SOME.with_for_update(key_share=True))

LOCK_LIST: Final = POSTGRESQL.compile(_lock_list())
"""Locks the list's row, creates it if it does not exist, and returns the fields of ListCounters.
Until the transaction ends, other changes to the list wait."""

FORGET_KEYS: Final = POSTGRESQL.compile(_forget_keys())
FORGET_DELETIONS: Final = POSTGRESQL.compile(_forget_deletions())
COUNT_OLD_KEYS: Final = POSTGRESQL.compile(_count(OLD_KEYS.subquery()))
COUNT_OLD_DELETIONS: Final = POSTGRESQL.compile(_count(OLD_DELETIONS.subquery()))
