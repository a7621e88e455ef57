"""The statements that erase what is in the trash, and forget deletions and idempotency keys, one for each kind."""

from typing import Any, Final

import sqlalchemy as sa

from todo_adapters.sql.dialects import POSTGRESQL
from todo_adapters.sql.projects import (
    ERASE_PROJECTS,
    ERASE_PROJECTS_OF_USER,
    OLD_PROJECTS,
    OLD_TRASHED_PROJECTS,
)
from todo_adapters.sql.purging import (
    ERASE,
    OLD_DELETIONS,
    OLD_KEYS,
    OLD_KEYS_OF_USER,
    OLD_TRASH,
    OLDEST_DELETIONS_OF_USER,
    OLDEST_TRASH_OF_USER,
)
from todo_adapters.sql.statements import IN_TRASH, LIST_OF_USER, OF_USER, PERMITTED, ZERO, Greatest
from todo_adapters.sql.tables import idempotency_keys, projects, task_lists, tasks


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


def _forget_projects() -> Any:
    rows, lists = _lock(OLD_PROJECTS, sa.true(), skip_locked=True)
    gone = (
        sa.delete(projects)
        .where(projects.c.user_id == rows.c.user_id, projects.c.id == rows.c.id, lists.c.user_id == rows.c.user_id)
        .returning(projects.c.user_id, projects.c.revision)
        .cte("gone")
    )
    last = (
        sa.select(gone.c.user_id, sa.func.max(gone.c.revision).label("revision")).group_by(gone.c.user_id).cte("last")
    )
    raised = (
        sa.update(task_lists)
        .where(task_lists.c.user_id == last.c.user_id)
        .values(forgotten_revision=Greatest(task_lists.c.forgotten_revision, last.c.revision))
        .cte("raised")
    )
    return _count(gone).add_cte(raised)


def _erase_old_projects() -> Any:
    rows, lists = _lock(OLD_TRASHED_PROJECTS, sa.true(), skip_locked=True)
    erased = (
        ERASE_PROJECTS.where(
            projects.c.user_id == rows.c.user_id, projects.c.id == rows.c.id, lists.c.user_id == rows.c.user_id
        )
        .returning(projects.c.id)
        .cte("erased")
    )
    return _count(erased)


def _erase_projects_of_user() -> Any:
    # Batches lock the list before they read and write projects.
    lists = (
        sa.select(task_lists.c.user_id)
        .where(LIST_OF_USER, PERMITTED)
        .with_for_update(key_share=True)
        .cte("lists")
        .prefix_with("MATERIALIZED")
    )
    erased = ERASE_PROJECTS_OF_USER.where(projects.c.user_id == lists.c.user_id).returning(projects.c.id).cte("erased")
    return _count(erased)


def _forget_keys(old: sa.Select[Any], *, skip_locked: bool) -> Any:
    rows, lists = _lock(old, sa.true(), skip_locked=skip_locked)
    keys = idempotency_keys.c
    gone = (
        sa.delete(idempotency_keys)
        .where(keys.user_id == rows.c.user_id, keys.key == rows.c.key, lists.c.user_id == rows.c.user_id)
        .returning(keys.user_id, keys.position)
        .cte("gone")
    )
    return _count(gone).where(gone.c.position == ZERO).add_cte(_lower(task_lists.c.key_count, gone))


def _erase(old: sa.Select[Any], *, only_if: sa.ColumnElement[bool], skip_locked: bool) -> Any:
    rows, lists = _lock(old, only_if, skip_locked=skip_locked)
    erased = (
        ERASE.where(tasks.c.user_id == rows.c.user_id, tasks.c.id == rows.c.id, lists.c.user_id == rows.c.user_id)
        .returning(tasks.c.user_id)
        .cte("erased")
    )
    return _count(erased).add_cte(_lower(task_lists.c.trash_count, erased))


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


def _lower(counter: sa.Column[int], gone: sa.CTE) -> sa.CTE:
    """Lower a counter of each list by the number of its rows that are gone."""
    last = sa.select(gone.c.user_id, sa.func.count().label("count")).group_by(gone.c.user_id).cte("last")
    return (
        sa.update(task_lists)
        .where(task_lists.c.user_id == last.c.user_id)
        .values({counter.name: counter - last.c.count})
        .cte("counted")
    )


def _count(rows: sa.FromClause) -> Any:
    return sa.select(sa.func.count()).select_from(rows)


_ids = OLDEST_TRASH_OF_USER.with_only_columns(tasks.c.id)
OLDEST_IN_ORDER_OF_ID: Final = (
    sa.select(tasks.c.user_id, tasks.c.id)
    .where(OF_USER, IN_TRASH, tasks.c.revision <= sa.bindparam("up_to"), tasks.c.id.in_(_ids))
    .order_by(tasks.c.id)
)
"""The same as OLDEST_TRASH_OF_USER, in the order in which batches lock tasks."""

FORGET_KEYS: Final = POSTGRESQL.compile(_forget_keys(OLD_KEYS, skip_locked=True))
FORGET_KEYS_OF_USER: Final = POSTGRESQL.compile(_forget_keys(OLD_KEYS_OF_USER, skip_locked=False))
FORGET_DELETIONS: Final = POSTGRESQL.compile(_forget_deletions(OLD_DELETIONS, only_if=sa.true()))
FORGET_OLDEST_DELETIONS: Final = POSTGRESQL.compile(
    _forget_deletions(OLDEST_DELETIONS_OF_USER, only_if=task_lists.c.deletion_count >= sa.bindparam("deletion_count"))
)
"""Forgets `limit` deletions of the user, unless others have forgotten some since there were `deletion_count`."""

ERASE_OLD: Final = POSTGRESQL.compile(_erase(OLD_TRASH, only_if=sa.true(), skip_locked=True))
ERASE_OLDEST: Final = POSTGRESQL.compile(
    _erase(
        OLDEST_IN_ORDER_OF_ID,
        only_if=sa.and_(task_lists.c.trash_count >= sa.bindparam("trash_count"), PERMITTED),
        skip_locked=False,
    )
)
"""Erases `limit` tasks in the trash of the user, if there are still `trash_count`."""

FORGET_PROJECTS: Final = POSTGRESQL.compile(_forget_projects())
ERASE_OLD_PROJECTS: Final = POSTGRESQL.compile(_erase_old_projects())
ERASE_TRASHED_PROJECTS: Final = POSTGRESQL.compile(_erase_projects_of_user())

COUNT_OLD_TRASH: Final = POSTGRESQL.compile(_count(OLD_TRASH.subquery()))
COUNT_OLD_KEYS: Final = POSTGRESQL.compile(_count(OLD_KEYS.subquery()))
COUNT_OLD_DELETIONS: Final = POSTGRESQL.compile(_count(OLD_DELETIONS.subquery()))
COUNT_OLD_TRASHED_PROJECTS: Final = POSTGRESQL.compile(_count(OLD_TRASHED_PROJECTS.subquery()))
COUNT_OLD_PROJECTS: Final = POSTGRESQL.compile(_count(OLD_PROJECTS.subquery()))
