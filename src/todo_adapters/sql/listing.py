"""The statement behind a TaskQuery: one for each shape that queries have, whatever values they ask for."""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, ClassVar, Final, NamedTuple

import sqlalchemy as sa

from todo_adapters.sql.dialects import Dialect, Statement
from todo_adapters.sql.statements import ALIVE, LIST_OF_USER, OF_USER, TASK, ZERO, DialectFunction, InSet
from todo_adapters.sql.tables import task_lists, tasks
from todo_domain import SortKey, TaskQuery, UserId

_SORTED_BY: Final = {
    SortKey.CREATED_AT: tasks.c.created_at,
    SortKey.UPDATED_AT: tasks.c.updated_at,
    SortKey.DUE: tasks.c.due_key,
    SortKey.PRIORITY: tasks.c.priority,
    SortKey.TITLE: tasks.c.title_key,
}
_ID: Final = (tasks.c.id,)
_INSTANTS: Final = {SortKey.CREATED_AT, SortKey.UPDATED_AT}


class IndexOf(DialectFunction):
    """`IndexOf(text, parameter)`: where the parameter first occurs in the text, from 1, or 0; no wildcards."""

    names: ClassVar[Mapping[str, str]] = {"sqlite": "instr", "postgresql": "strpos"}


class _Shape(NamedTuple):
    """What statements of a query's shape have in common: the names of its values, and what is not a value."""

    names: tuple[str, ...]
    complete: bool | None
    sort: SortKey
    descending: bool


_CONDITIONS: Final[Mapping[str, Callable[[sa.BindParameter[Any]], sa.ColumnElement[bool]]]] = {
    "priorities": lambda priorities: InSet(tasks.c.priority, priorities),
    "tag": lambda tag: IndexOf(tasks.c.tags_key, tag) > ZERO,
    "earliest": lambda earliest: tasks.c.due_key >= earliest,
    "latest": lambda latest: tasks.c.due_key <= latest,
    "q": lambda q: sa.or_(IndexOf(tasks.c.title_key, q) > ZERO, IndexOf(tasks.c.description_key, q) > ZERO),
}
"""The condition for each parameter that `_conditions` names, without the number at the end of its name."""


def list_statement(dialect: Dialect, user_id: UserId, query: TaskQuery) -> tuple[Statement, dict[str, Any]]:
    """Return SQL and parameters for `rows.read_page`.

    Its rows are the list's revision and a task: all tasks, or one more than the query's
    limit, so that a next page shows; a row of nulls when no task matches; none without a list.
    """
    return _statement(dialect, TASK, user_id, query)


def ids_statement(dialect: Dialect, user_id: UserId, query: TaskQuery) -> tuple[Statement, dict[str, Any]]:
    """Return SQL and parameters for `rows.read_ids`: as `list_statement`, with the id alone of each task."""
    return _statement(dialect, _ID, user_id, query)


def _statement(
    dialect: Dialect, columns: tuple[sa.Column[Any], ...], user_id: UserId, query: TaskQuery
) -> tuple[Statement, dict[str, Any]]:
    values = {"user_id": user_id, **dict(_conditions(dialect, query))}
    return _compiled(dialect, columns, _Shape(tuple(values), query.complete, query.sort, query.descending)), values


def _conditions(dialect: Dialect, query: TaskQuery) -> Iterator[tuple[str, Any]]:
    """Name what the query asks for; the names tell the statement's shape."""
    if query.limit is not None:
        yield "limit", query.limit + 1
    if query.priority:
        yield "priorities", dialect.write_set([int(priority) for priority in query.priority])
    for position, tag in enumerate(query.tag):
        yield f"tag_{position}", f"\n{tag}\n"
    for name, bound in zip(("earliest", "latest"), query.due_range, strict=True):
        if bound is not None:
            yield name, bound
    if query.q is not None:
        yield "q", query.q
    if query.after is not None:
        yield "after_id", query.after.id
        if isinstance(value := query.after.value, str) and query.sort in _INSTANTS:
            yield "after", dialect.write_instant(datetime.fromisoformat(value))
        elif value is not None:
            yield "after", value


@lru_cache(maxsize=512)
def _compiled(dialect: Dialect, columns: tuple[sa.Column[Any], ...], shape: _Shape) -> Statement:
    value, descending = _SORTED_BY[shape.sort], shape.descending
    wanted = (
        sa.select(*{column.name: column for column in (*columns, value, tasks.c.id)}.values())
        .where(
            OF_USER,
            ALIVE,
            *_filters(shape.names, shape.complete),
            *_behind_cursor(shape.names, value, descending=descending),
        )
        .order_by(*_order(tasks, value, descending=descending))
    )
    if "limit" in shape.names:
        wanted = wanted.limit(sa.bindparam("limit")).offset(ZERO)
    page = wanted.subquery("page")
    return dialect.compile(
        sa.select(task_lists.c.revision, *(page.c[column.name] for column in columns))
        .select_from(task_lists.outerjoin(page, sa.true()))
        .where(LIST_OF_USER)
        .order_by(*_order(page, value, descending=descending))
    )


def _filters(names: Collection[str], complete: bool | None) -> Iterator[sa.ColumnElement[bool]]:  # noqa: FBT001 - as in a TaskQuery
    if complete is not None:
        yield tasks.c.completed_at.is_not(None) if complete else tasks.c.completed_at.is_(None)
    for name in names:
        if condition := _CONDITIONS.get(name.rstrip("_0123456789")):
            yield condition(sa.bindparam(name))


def _behind_cursor(
    names: Collection[str], value: sa.Column[Any], *, descending: bool
) -> Iterator[sa.ColumnElement[bool]]:
    """Begin behind the cursor's place among the tasks with a value, or among those without, which come last."""
    if "after_id" not in names:
        return
    later_tie = tasks.c.id > sa.bindparam("after_id")
    if "after" not in names:
        yield sa.and_(value.is_(None), later_tie)
        return
    after: sa.BindParameter[Any] = sa.bindparam("after")
    # The first of the two says no more than the other, but lets an index find where to begin.
    reached, passed = (value <= after, value < after) if descending else (value >= after, value > after)
    behind = sa.and_(reached, sa.or_(passed, later_tie))
    yield sa.or_(behind, value.is_(None)) if value.nullable else behind


def _order(found: sa.FromClause, value: sa.Column[Any], *, descending: bool) -> tuple[sa.ColumnElement[Any], ...]:
    column = found.c[value.name]
    in_order = column.desc() if descending else column.asc()
    # Where there is no null, to say where it goes would keep PostgreSQL from reading an index backwards.
    return (in_order.nulls_last() if value.nullable else in_order), found.c.id
