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

TASK: Final = tuple(tasks.c[field] for field in Task._fields if field != "user_id")
"""The columns that `rows.read_task` reads, in this order."""

GET: Final = sa.select(*TASK).where(THE_TASK)

IN_TRASH: Final = tasks.c.in_trash

GET_SOME: Final = (
    sa.select(*TASK).where(OF_USER, InSet(tasks.c.id, sa.bindparam("ids")), NOT_DELETED).order_by(tasks.c.id)
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
    sa.select(*TASK, tasks.c.deleted_at)
    .where(OF_USER, InSet(tasks.c.id, sa.bindparam("ids")), sa.or_(NOT_DELETED, IN_TRASH))
    .order_by(tasks.c.id)
)
"""The same, also with the tasks in the trash, for `rows.read_state`."""

_trash_page: Final = (
    sa.select(*TASK, tasks.c.deleted_at)
    .where(OF_USER, IN_TRASH, tasks.c.revision < sa.bindparam("before"))
    .order_by(tasks.c.revision.desc())
    .limit(sa.bindparam("limit"))
    .offset(ZERO)
    .subquery("page")
)
TRASH: Final = (
    sa.select(task_lists.c.revision, task_lists.c.trash_count, *_trash_page.c)
    .select_from(task_lists.outerjoin(_trash_page, sa.true()))
    .where(LIST_OF_USER)
    .order_by(_trash_page.c.revision.desc())
)
"""The last `limit` tasks in the trash with a revision below `before`, after two counters of the list; for
`rows.read_trash`. With an empty trash, one row has nulls for the task. Without a list, there is no row."""

REVISION_FLOOR: Final = sa.select(store.c.revision_floor).scalar_subquery()
FIRST_REVISION: Final = REVISION_FLOOR + ONE
"""The revision of a list's first change."""


def next_revision(first: Any = FIRST_REVISION) -> Any:
    """Return `ListCounters.next_revision` as SQL; `first` is the revision of a new list."""
    return Greatest(task_lists.c.revision + ONE, first)


COUNTER_NAMES: Final = tuple(name for name in ListCounters._fields if name in task_lists.c)
"""The columns that are fields of ListCounters, in their order."""

COUNTERS: Final = sa.select(
    *(sa.func.coalesce(task_lists.c[name], ZERO) for name in COUNTER_NAMES), store.c.revision_floor
).select_from(store.outerjoin(task_lists, LIST_OF_USER))
"""The fields of ListCounters, even if the list does not exist."""

REVISIONS: Final = sa.select(task_lists.c.user_id, task_lists.c.revision).where(
    InSet(task_lists.c.user_id, sa.bindparam("user_ids"))
)
"""The revision of each list whose owner is in the set `user_ids`."""

_newer: Final = (
    sa.select(*TASK, tasks.c.deleted_at)
    .where(OF_USER, tasks.c.revision > sa.bindparam("since"))
    .order_by(tasks.c.revision)
    .limit(sa.bindparam("limit"))
    .offset(ZERO)
    .subquery("newer")
)


def changes(source: sa.FromClause) -> Any:
    """Return the statement for `rows.read_changes`; `source` has the epoch in its only row.

    It returns the epoch, the list's counters, and the first `limit` changes above `since`.
    There is at least one row, even if there is no change or no list.
    """
    return (
        sa.select(source.c.epoch, task_lists.c.revision, task_lists.c.forgotten_revision, *_newer.c)
        .select_from(source.outerjoin(task_lists, LIST_OF_USER).outerjoin(_newer, sa.true()))
        .order_by(_newer.c.revision)
    )


CHANGES: Final = changes(store)

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

# Purging finds old rows through the partial indexes, and reads no other rows.
_OF_OLD_KEYS: Final = (
    sa.select(idempotency_keys.c.user_id, idempotency_keys.c.key)
    .where(idempotency_keys.c.position == ZERO, idempotency_keys.c.created_at < sa.bindparam("before"))
    .order_by(idempotency_keys.c.created_at)
    .limit(sa.bindparam("limit"))
    .offset(ZERO)
)
_OF_DELETIONS: Final = (
    sa.select(tasks.c.user_id, tasks.c.id, tasks.c.revision, tasks.c.in_trash).limit(sa.bindparam("limit")).offset(ZERO)
)
OLD_KEYS: Final = _OF_OLD_KEYS
OLD_KEYS_OF_USER: Final = _OF_OLD_KEYS.where(idempotency_keys.c.user_id == sa.bindparam("user_id"))
OLD_DELETIONS: Final = _OF_DELETIONS.where(tasks.c.deleted_at < sa.bindparam("before")).order_by(tasks.c.deleted_at)
OLD_TRASH: Final = _OF_DELETIONS.where(
    IN_TRASH, tasks.c.deleted_at >= sa.bindparam("since"), tasks.c.deleted_at < sa.bindparam("before")
).order_by(tasks.c.deleted_at)
OLDEST_TRASH_OF_USER: Final = _OF_DELETIONS.where(
    OF_USER, IN_TRASH, tasks.c.revision <= sa.bindparam("up_to")
).order_by(tasks.c.revision)
OLDEST_DELETIONS_OF_USER: Final = _OF_DELETIONS.where(OF_USER, tasks.c.deleted_at.is_not(None)).order_by(
    tasks.c.revision
)

FORGET_KEY: Final = sa.delete(idempotency_keys).where(
    idempotency_keys.c.user_id == sa.bindparam("user_id"),
    idempotency_keys.c.key == sa.bindparam("key"),
)
COUNT_FORGOTTEN_KEY: Final = (
    sa.update(task_lists).where(LIST_OF_USER).values(key_count=task_lists.c.key_count - sa.bindparam("forgotten"))
)
"""Takes the rows that FORGET_KEY deleted as `forgotten`."""

FORGET_DELETION: Final = sa.delete(tasks).where(
    OF_USER, tasks.c.id == sa.bindparam("id"), tasks.c.deleted_at.is_not(None)
)
COUNT_FORGOTTEN_DELETION: Final = (
    sa.update(task_lists)
    .where(LIST_OF_USER)
    .values(
        deletion_count=task_lists.c.deletion_count - ONE,
        trash_count=task_lists.c.trash_count - sa.bindparam("in_trash"),
        forgotten_revision=Greatest(task_lists.c.forgotten_revision, parameter(task_lists.c.forgotten_revision)),
    )
)
"""Takes `in_trash` of the deletion."""

_KEPT: Final = frozenset({"user_id", "id", "revision", "created_at", "updated_at", "deleted_at"})
ERASED: Final = tuple(column for column in tasks.c if column.name not in _KEPT)
"""The columns that lose their values when a task is erased."""

ERASE: Final = sa.update(tasks).values(
    {column.name: parameter(column) for column in ERASED}
    | dict.fromkeys(("created_at", "updated_at"), tasks.c.deleted_at)
)
"""Turns tasks in the trash into tombstones. Takes `rows.ERASED_VALUES`."""
COUNT_ERASED: Final = sa.update(task_lists).where(LIST_OF_USER).values(trash_count=task_lists.c.trash_count - ONE)


def set_counters(dialect: Dialect) -> Any:
    """Write the counters of the list after a write, and create the list if it does not exist."""
    values: dict[str, Any] = {name: sa.bindparam(name) for name in COUNTER_NAMES}
    counters = dialect.insert(task_lists).values(user_id=sa.bindparam("user_id"), forgotten_revision=ZERO, **values)
    return counters.on_conflict_do_update(
        index_elements=["user_id"], set_={name: counters.excluded[name] for name in COUNTER_NAMES}
    )


def write_task(dialect: Dialect) -> Any:
    """Insert or replace a row of `rows.state_values`."""
    row = dialect.insert(tasks)
    return row.on_conflict_do_update(
        index_elements=["user_id", "id"],
        set_={column.name: row.excluded[column.name] for column in tasks.c if not column.primary_key},
    )
