"""The statements, written once over the tables, for `Dialect.compile` to turn into a driver's SQL.

SQLAlchemy writes them and never runs them. A parameter has the name of the column that
it is compared with or stored in, unless it is said otherwise. SQLite runs those that
write one after the other in a transaction; PostgreSQL makes one statement of several.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from todo_adapters.sql.dialects import Dialect
from todo_adapters.sql.tables import idempotency_keys, store, task_lists, tasks
from todo_domain import Task


class InSet(FunctionElement[bool]):
    """`InSet(column, parameter)`: the value is in the set that `Dialect.write_set` wrote."""

    inherit_cache = True


@compiles(InSet, "sqlite")
def _in_set_on_sqlite(element: InSet, compiler: SQLCompiler, **kw: Any) -> str:
    column, values = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 - compiled parts, and no value


@compiles(InSet, "postgresql")
def _in_set_on_postgresql(element: InSet, compiler: SQLCompiler, **kw: Any) -> str:
    column, values = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"{column} = ANY({values})"


class DialectFunction(FunctionElement[int]):
    """A function with a number for an answer that each database has under another name: `names` has it by dialect."""

    inherit_cache = True
    type = sa.Integer()
    names: ClassVar[Mapping[str, str]]


@compiles(DialectFunction)
def _by_its_name(element: DialectFunction, compiler: SQLCompiler, **kw: Any) -> str:
    return f"{element.names[compiler.dialect.name]}({compiler.process(element.clauses, **kw)})"


class Greatest(DialectFunction):
    """`Greatest(a, b)`: the greater of two values."""

    names: ClassVar[Mapping[str, str]] = {"sqlite": "max", "postgresql": "greatest"}


def parameter(column: sa.ColumnElement[Any]) -> sa.BindParameter[Any]:
    """Return the parameter of a column, typed for places that don't tell the type."""
    return sa.bindparam(str(column.key), type_=column.type)


# Literals, since a value would become a parameter without a name of ours.
ZERO: Final[sa.ColumnElement[int]] = sa.literal_column("0")
ONE: Final[sa.ColumnElement[int]] = sa.literal_column("1")

OF_USER: Final = tasks.c.user_id == sa.bindparam("user_id")
LIST_OF_USER: Final = task_lists.c.user_id == sa.bindparam("user_id")
ALIVE: Final = tasks.c.deleted_at.is_(None)
THE_TASK: Final = sa.and_(OF_USER, tasks.c.id == sa.bindparam("id"), ALIVE)

TASK: Final = tuple(tasks.c[field] for field in Task._fields if field != "user_id")
"""What `rows.read_task` reads, in this order."""

GET: Final = sa.select(*TASK).where(THE_TASK)

GET_SOME: Final = sa.select(*TASK).where(OF_USER, InSet(tasks.c.id, sa.bindparam("ids")), ALIVE).order_by(tasks.c.id)
"""The tasks whose id is in the set `ids`, in order of id."""

REVISION_FLOOR: Final = sa.select(store.c.revision_floor).scalar_subquery()
FIRST_REVISION: Final = REVISION_FLOOR + ONE
"""The revision of a list's first change."""


def next_revision(first: Any = FIRST_REVISION) -> Any:
    """Return what `ListCounters.next_revision` says, where the database counts; `first` is FIRST_REVISION."""
    return Greatest(task_lists.c.revision + ONE, first)


COUNTERS: Final = sa.select(
    sa.func.coalesce(task_lists.c.revision, ZERO),
    sa.func.coalesce(task_lists.c.last_task_id, ZERO),
    store.c.revision_floor,
).select_from(store.outerjoin(task_lists, LIST_OF_USER))
"""The fields of ListCounters, also of a list that does not exist."""

REVISIONS: Final = sa.select(task_lists.c.user_id, task_lists.c.revision).where(
    InSet(task_lists.c.user_id, sa.bindparam("user_ids"))
)
"""The revision of each list whose owner is in the set `user_ids`."""

_news: Final = (
    sa.select(*TASK, tasks.c.deleted_at)
    .where(OF_USER, tasks.c.revision > sa.bindparam("since"))
    .order_by(tasks.c.revision)
    .limit(sa.bindparam("limit"))
    .offset(ZERO)
    .subquery("news")
)
CHANGES: Final = (
    sa.select(store.c.epoch, task_lists.c.revision, task_lists.c.forgotten_revision, *_news.c)
    .select_from(store.outerjoin(task_lists, LIST_OF_USER).outerjoin(_news, sa.true()))
    .order_by(_news.c.revision)
)
"""For `rows.read_changes`: the store's epoch, the list's counters, and the first `limit` changes
above `since`; there is a row also when there is no change, and when there is no list."""

KEY: Final = (
    sa.select(
        idempotency_keys.c.fingerprint,
        idempotency_keys.c.task_id,
        idempotency_keys.c.revision,
        idempotency_keys.c.created_at,
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

# Purging finds what is old through the partial indexes and never meets what is in use.
OLD_KEYS: Final = (
    sa.select(idempotency_keys.c.user_id, idempotency_keys.c.key)
    .where(
        idempotency_keys.c.position == ZERO,
        idempotency_keys.c.created_at < sa.bindparam("before"),
    )
    .order_by(idempotency_keys.c.created_at)
    .limit(sa.bindparam("limit"))
    .offset(ZERO)
)
FORGET_KEY: Final = sa.delete(idempotency_keys).where(
    idempotency_keys.c.user_id == sa.bindparam("user_id"),
    idempotency_keys.c.key == sa.bindparam("key"),
)
OLD_DELETIONS: Final = (
    sa.select(tasks.c.user_id, tasks.c.id, tasks.c.revision)
    .where(tasks.c.deleted_at < sa.bindparam("before"))
    .order_by(tasks.c.deleted_at)
    .limit(sa.bindparam("limit"))
    .offset(ZERO)
)
FORGET_DELETION: Final = sa.delete(tasks).where(
    OF_USER, tasks.c.id == sa.bindparam("id"), tasks.c.deleted_at.is_not(None)
)
RAISE_FORGOTTEN: Final = (
    sa.update(task_lists)
    .where(LIST_OF_USER, task_lists.c.forgotten_revision < sa.bindparam("forgotten_revision"))
    .values(forgotten_revision=sa.bindparam("forgotten_revision"))
)


def bump(dialect: Dialect) -> Any:
    """Raise the revision for one change and the last id by `ids`, making the list when there is none.

    Returns the new revision and last id.
    """
    first = dialect.insert(task_lists).values(
        user_id=sa.bindparam("user_id"),
        revision=FIRST_REVISION,
        last_task_id=sa.bindparam("ids"),
        forgotten_revision=ZERO,
    )
    return first.on_conflict_do_update(
        index_elements=["user_id"],
        set_={
            "revision": next_revision(first.excluded.revision),
            "last_task_id": task_lists.c.last_task_id + first.excluded.last_task_id,
        },
    ).returning(task_lists.c.revision, task_lists.c.last_task_id)


def set_counters(dialect: Dialect) -> Any:
    """Give the list its revision and last id after a batch, making the list when there is none."""
    counters = dialect.insert(task_lists).values(
        user_id=sa.bindparam("user_id"),
        revision=sa.bindparam("revision"),
        last_task_id=sa.bindparam("last_task_id"),
        forgotten_revision=ZERO,
    )
    return counters.on_conflict_do_update(
        index_elements=["user_id"],
        set_={name: counters.excluded[name] for name in ("revision", "last_task_id")},
    )


def write_task(dialect: Dialect) -> Any:
    """Write a whole row of `rows.change_values`, be the task new, changed or removed."""
    row = dialect.insert(tasks)
    return row.on_conflict_do_update(
        index_elements=["user_id", "id"],
        set_={column.name: row.excluded[column.name] for column in tasks.c if not column.primary_key},
    )
