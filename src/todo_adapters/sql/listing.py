"""The statement for a TaskQuery. Queries that differ only in their values share one statement."""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, ClassVar, Final, NamedTuple

import sqlalchemy as sa

from todo_adapters.sql.dialects import Dialect, Statement
from todo_adapters.sql.statements import (
    LIST_OF_USER,
    NOT_DELETED,
    NOT_ERASING,
    OF_USER,
    TASK,
    ZERO,
    DialectFunction,
    InSet,
)
from todo_adapters.sql.tables import OPEN_TASKS, task_lists, tasks
from todo_domain import SortKey, TaskQuery, UserId

_SORTED_BY: Final = {
    SortKey.CREATED_AT: tasks.c.created_at,
    SortKey.UPDATED_AT: tasks.c.updated_at,
    SortKey.DUE: tasks.c.due_key,
    SortKey.PRIORITY: tasks.c.priority,
    SortKey.TITLE: tasks.c.title_key,
    SortKey.POSITION: tasks.c.position,
}
_ID: Final = (tasks.c.id,)
_INSTANTS: Final = {SortKey.CREATED_AT, SortKey.UPDATED_AT}


class IndexOf(DialectFunction):
    """`IndexOf(text, parameter)`: the position of the parameter in the text from 1, or 0; without wildcards."""

    names: ClassVar[Mapping[str, str]] = {"sqlite": "instr", "postgresql": "strpos"}


class _Shape(NamedTuple):
    """What identifies the statement of a query: the names of its parameters, and everything that is not a parameter."""

    names: tuple[str, ...]
    complete: bool | None
    sort: SortKey
    descending: bool


_CONDITIONS: Final[Mapping[str, Callable[[sa.BindParameter[Any]], sa.ColumnElement[bool]]]] = {
    "priorities": lambda priorities: InSet(tasks.c.priority, priorities),
    "tag": lambda tag: IndexOf(tasks.c.tags_key, tag) > ZERO,
    "earliest": lambda earliest: tasks.c.due_key >= earliest,
    "latest": lambda latest: tasks.c.due_key <= latest,
    "project": lambda project: tasks.c.project_id == project,
    "open_project": lambda project: sa.func.coalesce(tasks.c.project_id, ZERO) == project,
    "no_project": lambda _: tasks.c.project_id.is_(None),
    "q": lambda q: sa.or_(
        *(IndexOf(key, q) > ZERO for key in (tasks.c.title_key, tasks.c.description_key, tasks.c.checklist_key))
    ),
}
"""The condition of each parameter that `_conditions` yields; a number at the end of its name does not count."""


def list_statement(dialect: Dialect, user_id: UserId, query: TaskQuery) -> tuple[Statement, dict[str, Any]]:
    """Return SQL and parameters for `rows.read_page`.

    A row has the list's revision and a task. With a limit, there is at most one row more
    than the limit, which shows that there is a next page. If no task matches, one row has
    nulls for the task. If the list does not exist, there is no row.
    """
    return _statement(dialect, TASK, user_id, query)


def ids_statement(dialect: Dialect, user_id: UserId, query: TaskQuery) -> tuple[Statement, dict[str, Any]]:
    """Return SQL and parameters for `rows.read_ids`: like `list_statement`, with only the id of each task."""
    return _statement(dialect, _ID, user_id, query)


def _statement(
    dialect: Dialect, columns: tuple[sa.Column[Any], ...], user_id: UserId, query: TaskQuery
) -> tuple[Statement, dict[str, Any]]:
    values = {"user_id": user_id, **dict(_conditions(dialect, query))}
    return _compiled(dialect, columns, _Shape(tuple(values), query.complete, query.sort, query.descending)), values


def _conditions(dialect: Dialect, query: TaskQuery) -> Iterator[tuple[str, Any]]:
    """Yield the names and values of the parameters; the names determine the statement."""
    if query.limit is not None:
        yield "limit", query.limit + 1
    if query.priority:
        yield "priorities", dialect.write_set([int(priority) for priority in query.priority])
    for position, tag in enumerate(query.tag):
        yield f"tag_{position}", f"\n{tag}\n"
    for name, bound in zip(("earliest", "latest"), query.due_range, strict=True):
        if bound is not None:
            yield name, bound
    yield from _project_condition(query)
    if query.q is not None:
        yield "q", query.q
    if query.after is not None:
        yield "after_id", query.after.id
        if isinstance(value := query.after.value, str) and query.sort in _INSTANTS:
            yield "after", dialect.write_instant(datetime.fromisoformat(value))
        elif value is not None:
            yield "after", value


def _project_condition(query: TaskQuery) -> Iterator[tuple[str, Any]]:
    if isinstance(query.project, int):
        # For open tasks, as an expression: the index of projects has the completed tasks too. The
        # expression is not null for a null: otherwise PostgreSQL would still read that whole index.
        yield "open_project" if query.complete is False else "project", query.project
    elif query.project is None:
        yield "no_project", None


@lru_cache(maxsize=512)
def _compiled(dialect: Dialect, columns: tuple[sa.Column[Any], ...], shape: _Shape) -> Statement:
    value, descending = _SORTED_BY[shape.sort], shape.descending
    wanted = (
        sa.select(*{column.name: column for column in (*columns, value, tasks.c.id)}.values())
        .where(
            OF_USER,
            NOT_DELETED,
            NOT_ERASING,
            *_filters(shape.names, shape.complete),
            *_after_cursor(shape, value),
        )
        .order_by(*_order(value, _unindexed(shape, value), tasks.c.id, descending=descending))
    )
    if shape.complete is False:
        wanted = wanted.with_hint(tasks, f"INDEXED BY {OPEN_TASKS.name}", "sqlite")
    if "limit" in shape.names:
        wanted = wanted.limit(sa.bindparam("limit")).offset(ZERO)
    page = wanted.subquery("page")
    return dialect.compile(
        sa.select(task_lists.c.revision, *(page.c[column.name] for column in columns))
        .select_from(task_lists.outerjoin(page, sa.true()))
        .where(LIST_OF_USER)
        .order_by(*_order(value, page.c[value.name], page.c.id, descending=descending))
    )


def _filters(names: Collection[str], complete: bool | None) -> Iterator[sa.ColumnElement[bool]]:  # noqa: FBT001 - as in a TaskQuery
    if complete is not None:
        yield tasks.c.completed_at.is_not(None) if complete else tasks.c.completed_at.is_(None)
    for name in names:
        if condition := _CONDITIONS.get(name.rstrip("_0123456789")):
            yield condition(sa.bindparam(name))


def _after_cursor(shape: _Shape, value: sa.Column[Any]) -> Iterator[sa.ColumnElement[bool]]:
    """Yield the condition for tasks after the cursor; tasks without a value come last."""
    if "after_id" not in shape.names:
        return
    # In the primary key, PostgreSQL would read the completed tasks too, from this id on.
    later_tie = _unindexed(shape, tasks.c.id) > sa.bindparam("after_id")
    if "after" not in shape.names:
        yield sa.and_(value.is_(None), later_tie)
        return
    after: sa.BindParameter[Any] = sa.bindparam("after")
    # `reached` is redundant, but lets the database begin at the right place in an index.
    key = _unindexed(shape, value)
    reached, passed = (key <= after, key < after) if shape.descending else (key >= after, key > after)
    later = sa.and_(reached, sa.or_(passed, later_tie))
    yield sa.or_(later, value.is_(None)) if value.nullable else later


def _unindexed(shape: _Shape, column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    """Return the column; for open tasks, as an expression if an index of all tasks begins with it."""
    if shape.complete is False and column is tasks.c.id:
        return column + ZERO
    if shape.complete is False and column is tasks.c.position:
        return column.concat(sa.literal_column("''"))
    return column


def _order(
    value: sa.Column[Any], key: sa.ColumnElement[Any], id_: sa.ColumnElement[int], *, descending: bool
) -> tuple[sa.ColumnElement[Any], ...]:
    in_order = key.desc() if descending else key.asc()
    # NULLS LAST on a column without nulls would prevent PostgreSQL from scanning an index backwards.
    return (in_order.nulls_last() if value.nullable else in_order), id_
