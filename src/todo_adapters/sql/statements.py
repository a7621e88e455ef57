"""The statements of both databases; `Dialect.compile` converts them to SQL for a driver.

SQLAlchemy builds them but does not run them. A parameter has the name of the column that
it is compared with or stored in, unless a comment names it. SQLite runs the writing
statements one after the other in a transaction; PostgreSQL combines several into one.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from todo_adapters.sql.dialects import Dialect
from todo_adapters.sql.tables import idempotency_keys, store, task_lists, tasks
from todo_domain import ListCounters, Task


class InSet(FunctionElement[bool]):
    """`InSet(column, parameter)`: whether the column's value is in the set that `Dialect.write_set` wrote."""

    inherit_cache = True


@compiles(InSet, "sqlite")
def _in_set_on_sqlite(element: InSet, compiler: SQLCompiler, **kw: Any) -> str:
    column, values = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 - compiled parts, no values


@compiles(InSet, "postgresql")
def _in_set_on_postgresql(element: InSet, compiler: SQLCompiler, **kw: Any) -> str:
    column, values = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"{column} = ANY({values})"


class DialectFunction(FunctionElement[int]):
    """A function that returns an integer and has a different name in each database: `names`, by dialect."""

    inherit_cache = True
    type = sa.Integer()
    names: ClassVar[Mapping[str, str]]


@compiles(DialectFunction)
def _compile_function(element: DialectFunction, compiler: SQLCompiler, **kw: Any) -> str:
    return f"{element.names[compiler.dialect.name]}({compiler.process(element.clauses, **kw)})"


class Greatest(DialectFunction):
    """`Greatest(a, b)`: the greater of two values."""

    names: ClassVar[Mapping[str, str]] = {"sqlite": "max", "postgresql": "greatest"}


def parameter(column: sa.ColumnElement[Any]) -> sa.BindParameter[Any]:
    """Return the parameter of a column, with its type, for places where the type can't be inferred."""
    return sa.bindparam(str(column.key), type_=column.type)


# Literals, because SQLAlchemy would make parameters of values.
ZERO: Final[sa.ColumnElement[int]] = sa.literal_column("0")
ONE: Final[sa.ColumnElement[int]] = sa.literal_column("1")

OF_USER: Final = tasks.c.user_id == sa.bindparam("user_id")
LIST_OF_USER: Final = task_lists.c.user_id == sa.bindparam("user_id")
NOT_DELETED: Final = tasks.c.deleted_at.is_(None)
THE_TASK: Final = sa.and_(OF_USER, tasks.c.id == sa.bindparam("id"), NOT_DELETED)

_erased: Final = task_lists.alias("erased")
_of_user_erased: Final = sa.select(ONE).select_from(_erased).where(_erased.c.user_id == sa.bindparam("user_id"))
NOT_ERASING: Final = ~_of_user_erased.where(_erased.c.erasing).exists()
"""Hides what a user has while it is being erased."""

PERMITTED: Final = sa.or_(
    task_lists.c.erased_at.is_(None),
    sa.and_(task_lists.c.erasing.is_(None), task_lists.c.erased_at < sa.bindparam("issued_at")),
)
"""Whether a caller whose token was issued at `issued_at` may write to the list."""

TASK: Final = tuple(tasks.c[field] for field in Task._fields if field != "user_id")
"""The columns that `rows.read_task` reads, in this order."""

STATE: Final = (*TASK, tasks.c.deleted_at, tasks.c.in_trash, tasks.c.deleted_with)
"""The columns that `rows.read_state` reads, in this order."""

GET: Final = sa.select(*TASK).where(THE_TASK, NOT_ERASING)

IN_TRASH: Final = tasks.c.in_trash

GET_SOME: Final = (
    sa.select(*TASK)
    .where(OF_USER, InSet(tasks.c.id, sa.bindparam("ids")), NOT_DELETED, NOT_ERASING)
    .order_by(tasks.c.id)
)
"""The tasks whose id is in the set `ids`, in order of id."""


def _next_to(*, above: bool) -> sa.Subquery:
    column, start = tasks.c.position, parameter(tasks.c.position)
    return (
        sa.select(sa.literal_column(str(int(above))).label("is_above"), column, tasks.c.id)
        .where(OF_USER, NOT_DELETED, column >= start if above else column < start)
        .order_by(column if above else column.desc())
        .limit(sa.bindparam("reach"))
        .offset(ZERO)
        .subquery()
    )


NEIGHBOURS: Final = sa.union_all(sa.select(_next_to(above=False)), sa.select(_next_to(above=True)))
"""Whether the task is at or above `position`, its position and its id, for the `reach` tasks on each side."""

GET_STATES: Final = (
    sa.select(*STATE)
    .where(OF_USER, InSet(tasks.c.id, sa.bindparam("ids")), sa.or_(NOT_DELETED, IN_TRASH))
    .order_by(tasks.c.id)
)
"""The same, also with the tasks in the trash, for `rows.read_state`."""

REVISION_FLOOR: Final = sa.select(store.c.revision_floor).scalar_subquery()
FIRST_REVISION: Final = REVISION_FLOOR + ONE
"""The revision of a list's first change."""


def next_revision(first: Any = FIRST_REVISION) -> Any:
    """Return `ListCounters.next_revision` as SQL; `first` is the revision of a new list."""
    return Greatest(task_lists.c.revision + ONE, first)


COUNTER_NAMES: Final = tuple(name for name in ListCounters._fields if name in task_lists.c)
"""The columns that are fields of ListCounters, in their order."""

COUNTERS: Final = sa.select(
    *(sa.func.coalesce(task_lists.c[name], ZERO) for name in COUNTER_NAMES),
    store.c.revision_floor,
    task_lists.c.erased_at,
    task_lists.c.erasing,
).select_from(store.outerjoin(task_lists, LIST_OF_USER))
"""For `rows.read_counters`, even if the list does not exist."""

REVISIONS: Final = sa.select(task_lists.c.user_id, task_lists.c.revision).where(
    InSet(task_lists.c.user_id, sa.bindparam("user_ids"))
)
"""The revision of each list whose owner is in the set `user_ids`."""

KEY: Final = (
    sa.select(
        idempotency_keys.c.fingerprint,
        idempotency_keys.c.task_id,
        idempotency_keys.c.revision,
        idempotency_keys.c.created_at,
        idempotency_keys.c.task_position,
    )
    .where(
        idempotency_keys.c.user_id == sa.bindparam("user_id"),
        idempotency_keys.c.key == sa.bindparam("key"),
        NOT_ERASING,
    )
    .order_by(idempotency_keys.c.position)
)
KEEP_KEY: Final = sa.insert(idempotency_keys)

EPOCH: Final = sa.select(store.c.epoch)
RENEW_EPOCH: Final = sa.update(store).values(
    epoch=sa.bindparam("epoch"),
    revision_floor=Greatest(store.c.revision_floor, parameter(store.c.revision_floor)),
)
PROBE: Final = sa.update(store).values(revision_floor=store.c.revision_floor + sa.bindparam("difference"))
"""A write that changes nothing if the `difference` is 0, or if its opposite follows in the same transaction."""


def set_counters(dialect: Dialect) -> Any:
    """Write the counters of the list after a write, and create the list if it does not exist.

    Feed tokens of a list that the user had before, and whose counters were forgotten, are below the floor.
    """
    values: dict[str, Any] = {name: sa.bindparam(name) for name in COUNTER_NAMES}
    counters = dialect.insert(task_lists).values(
        user_id=sa.bindparam("user_id"), forgotten_revision=REVISION_FLOOR, **values
    )
    return counters.on_conflict_do_update(
        index_elements=["user_id"], set_={name: counters.excluded[name] for name in COUNTER_NAMES}
    )


def write_row(dialect: Dialect, table: sa.Table) -> Any:
    """Insert or replace a row; takes the values of all columns."""
    row = dialect.insert(table)
    return row.on_conflict_do_update(
        index_elements=table.primary_key.columns.keys(),
        set_={column.name: row.excluded[column.name] for column in table.c if not column.primary_key},
    )


INDEXED: Final = frozenset({"completed_at", "project_id", "position", "created_at"})
"""The fields that indexes of tasks use, in their columns or conditions, besides the key and the revision."""

_UNCHANGED: Final = {"user_id", "id", "deleted_at", "in_trash", "deleted_with", *INDEXED}
CHANGE_CONTENT: Final = (
    sa.update(tasks)
    .where(OF_USER, tasks.c.id == sa.bindparam("id"))
    .values({column.name: parameter(column) for column in tasks.c if column.name not in _UNCHANGED})
)
"""Write a task whose `INDEXED` fields stay as they are; takes the values of all columns.

SQLite writes an entry in each index whose columns a statement sets, even if it sets the same values.
"""
