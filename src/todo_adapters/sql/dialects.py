"""What differs between the two databases: the text of SQL, and the form in which values travel."""

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from todo_domain.listing import instant_key


@dataclass(frozen=True, slots=True, eq=False)
class Dialect:
    """One database's SQL and values.

    - insert: the INSERT that knows ON CONFLICT
    - write_instant, read_instant: an aware datetime in UTC to and from the driver's form
    - write_set: several ids to the one parameter that `statements.Among` searches
    """

    sql: sa.Dialect
    insert: Callable[[sa.Table], Any]
    write_instant: Callable[[datetime], Any]
    read_instant: Callable[[Any], datetime]
    write_set: Callable[[Collection[str] | Collection[int]], Any]

    def compile(self, statement: sa.ClauseElement) -> str:
        """Return SQL for the driver itself, with parameters named `:name` on SQLite, `%(name)s` on PostgreSQL."""
        return str(statement.compile(dialect=self.sql))


# Reading normalises: psycopg answers in the time zone of its session.
_in_utc: Final = partial(datetime.astimezone, tz=UTC)

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
    write_instant=_in_utc,
    read_instant=_in_utc,
    write_set=list,
)
