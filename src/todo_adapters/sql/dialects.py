"""What differs between the two databases: the text of SQL, and the form in which values travel."""

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from todo_domain.listing import instant_key

_NAMED: Final = re.compile(r"%\((\w+)\)s")


class Statement(str):
    """SQL whose parameters are `:name` on SQLite; on PostgreSQL `$1`, `$2` … and their names in that order.

    So no driver has to search the text for parameters each time that it runs it.
    """

    __slots__ = ("names",)
    names: tuple[str, ...]

    def __new__(cls, sql: str, names: Iterable[str]) -> Self:
        """Keep the names beside the text."""
        statement = super().__new__(cls, sql)
        statement.names = tuple(names)
        return statement

    def in_order(self, values: Mapping[str, Any]) -> list[Any]:
        """Return the values for the numbers."""
        return [values[name] for name in self.names]


@dataclass(frozen=True, slots=True, eq=False)
class Dialect:
    """One database's SQL and values.

    - insert: the INSERT that knows ON CONFLICT
    - write_instant, read_instant: an aware datetime in UTC to and from the driver's form
    - write_set: several ids to the one parameter that `statements.InSet` searches
    """

    sql: sa.Dialect
    insert: Callable[[sa.Table], Any]
    write_instant: Callable[[datetime], Any]
    read_instant: Callable[[Any], datetime]
    write_set: Callable[[Collection[str] | Collection[int]], Any]

    def compile(self, statement: sa.ClauseElement) -> Statement:
        """Return SQL for the driver itself."""
        sql = str(statement.compile(dialect=self.sql))
        # SQLAlchemy's own numbers leave out the common table expressions of an INSERT.
        names = list(dict.fromkeys(_NAMED.findall(sql)))
        return Statement(_NAMED.sub(lambda match: f"${names.index(match[1]) + 1}", sql), names)


def as_it_is(instant: datetime) -> datetime:
    """Return an instant that the driver takes and gives as the domain does."""
    return instant


SQLITE: Final = Dialect(
    sql=sqlite.dialect(paramstyle="named"),
    insert=sqlite.insert,
    write_instant=instant_key,
    read_instant=datetime.fromisoformat,
    write_set=lambda ids: json.dumps(list(ids)),
)
POSTGRESQL: Final = Dialect(
    sql=sa.make_url("postgresql+psycopg://").get_dialect()(),
    insert=postgresql.insert,
    write_instant=as_it_is,
    # A Connection gives them in UTC.
    read_instant=as_it_is,
    write_set=list,
)
