"""Rows about tasks and projects from one statement, in order of their revisions: for the feed and the trash."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from todo_adapters.sql.projects import PROJECT_STATE
from todo_adapters.sql.statements import NOT_ERASING, STATE, ZERO
from todo_adapters.sql.tables import projects, tasks
from todo_domain import Kind

_COLUMNS: Final[Mapping[Kind, Sequence[sa.Column[Any]]]] = {Kind.TASK: STATE, Kind.PROJECT: PROJECT_STATE}


def entries(kinds: Collection[Kind], where: Callable[[sa.Table], Any], *, descending: bool = False) -> sa.Subquery:
    """Return the first `limit` tasks and projects for which the condition on their table is true.

    The columns are the revision as `at`, those of a task, and those of a project if projects are
    requested. Tasks alone need no union, so they cost no more than without projects.
    """
    columns = [column for kind in Kind if kind is Kind.TASK or kind in kinds for column in _COLUMNS[kind]]
    first, *others = (_first(_of_kind(kind, columns, where), descending) for kind in Kind if kind in kinds)
    if others:
        return _first(sa.union_all(*(sa.select(each) for each in (first, *others))), descending)
    return first


def split(columns: Sequence[Any]) -> tuple[Kind, Sequence[Any]]:
    """Return the kind of a row of `entries` without `at`, and the columns of this kind."""
    if columns[0] is None:
        return Kind.PROJECT, columns[len(STATE) :]
    return Kind.TASK, columns[: len(STATE)]


def _of_kind(kind: Kind, columns: Sequence[sa.Column[Any]], where: Callable[[sa.Table], Any]) -> sa.Select[Any]:
    table = tasks if kind is Kind.TASK else projects
    values = [
        (column if column.table is table else _null_of(column)).label(f"{column.table}_{column.name}")
        for column in columns
    ]
    return sa.select(table.c.revision.label("at"), *values).where(
        table.c.user_id == sa.bindparam("user_id"), where(table), NOT_ERASING
    )


def _first(rows: Any, descending: bool) -> sa.Subquery:  # noqa: FBT001 - as in `entries`
    at: sa.ColumnElement[int] = sa.column("at", sa.BigInteger)
    order = at.desc() if descending else at
    subquery: sa.Subquery = rows.order_by(order).limit(sa.bindparam("limit")).offset(ZERO).subquery()
    return subquery


def _null_of(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    # A type in a cast can't have a collation.
    return sa.cast(sa.null(), sa.Text() if isinstance(column.type, sa.Text) else column.type)
