"""The differences between the two databases: the SQL, and the types of values."""

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler, SQLiteDialect

from todo_domain.listing import instant_key

_NAMED: Final = re.compile(r"%\((\w+)\)s")


class Statement(str):
    """SQL with the parameters `:name` on SQLite, or `$1`, `$2` … on PostgreSQL; `names` has their names in order.

    These are the forms of the databases, so no driver has to convert the SQL at each call.
    """

    __slots__ = ("names",)
    names: tuple[str, ...]

    def __new__(cls, sql: str, names: Iterable[str]) -> Self:
        """Create the statement."""
        statement = super().__new__(cls, sql)
        statement.names = tuple(names)
        return statement

    def in_order(self, values: Mapping[str, Any]) -> list[Any]:
        """Return the values in the order of the parameters."""
        return [values[name] for name in self.names]


@dataclass(frozen=True, slots=True, eq=False)
class Dialect:
    """The SQL and the values of one database.

    - insert: creates an INSERT that supports ON CONFLICT
    - write_instant, read_instant: convert an aware datetime in UTC to and from the driver's type
    - write_set: converts several ids to one parameter for `statements.InSet`
    """

    sql: sa.Dialect
    insert: Callable[[sa.Table], Any]
    write_instant: Callable[[datetime], Any]
    read_instant: Callable[[Any], datetime]
    write_set: Callable[[Collection[str] | Collection[int]], Any]

    def compile(self, statement: sa.ClauseElement) -> Statement:
        """Return the SQL for the driver."""
        sql = str(statement.compile(dialect=self.sql))
        # SQLAlchemy's numbering omits the common table expressions of an INSERT.
        names = list(dict.fromkeys(_NAMED.findall(sql)))
        return Statement(_NAMED.sub(lambda match: f"${names.index(match[1]) + 1}", sql), names)


def unchanged(instant: datetime) -> datetime:
    """Return the instant: the driver uses the same type as the domain."""
    return instant


class _SqliteCompiler(SQLiteCompiler):
    def get_from_hint_text(self, table: sa.FromClause, text: str | None) -> str | None:  # noqa: ARG002 - overrides
        """Return the hint of `with_hint`, which SQLAlchemy ignores on SQLite."""
        return text


class _SqliteDialect(SQLiteDialect):
    statement_compiler = _SqliteCompiler


SQLITE: Final = Dialect(
    sql=_SqliteDialect(paramstyle="named"),
    insert=sqlite.insert,
    write_instant=instant_key,
    read_instant=datetime.fromisoformat,
    write_set=lambda ids: json.dumps(list(ids)),
)
POSTGRESQL: Final = Dialect(
    sql=sa.make_url("postgresql+psycopg://").get_dialect()(),
    insert=postgresql.insert,
    write_instant=unchanged,
    # The connection returns them in UTC.
    read_instant=unchanged,
    write_set=list,
)
