"""Long lists, stored at once: for tests and benchmarks of what happens as completed tasks accumulate."""

import re
import sqlite3
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final

import psycopg

from todo_adapters.sql import rows, statements
from todo_adapters.sql.dialects import POSTGRESQL, SQLITE
from todo_adapters.sql.tables import tasks
from todo_domain import Due, ListCounters, Priority, SortKey, Task, TaskDraft, TaskQuery, UserId

_FIRST_AT: Final = datetime(2026, 1, 1, tzinfo=UTC)
_FIRST_DAY: Final = date(2026, 1, 1)
_SPRING: Final = date(2026, 4, 1)

SORTS: Final = [(sort, descending) for sort in SortKey for descending in (False, True)]
FILTERS: Final = {
    "no filter": TaskQuery(),
    "priority": TaskQuery(priority=frozenset([Priority.HIGH])),
    "tag": TaskQuery(tag=("home",)),
    "due_from": TaskQuery(due_from=_SPRING),
    "due_until": TaskQuery(due_until=_SPRING),
    "project": TaskQuery(project=1),
    "no project": TaskQuery(project=None),
    "q": TaskQuery(q="milk"),
    "q without a match": TaskQuery(q="bread"),
}


def long_list(user_id: UserId, *, open_tasks: int, size: int, are_newest: bool = False) -> Iterator[Task]:
    """Yield the tasks of a list. The open ones are the newest, or spread evenly. They don't depend on the size."""
    for number in range(size):
        place = number - size + open_tasks if are_newest else number * open_tasks // size
        is_open = place >= 0 if are_newest else place > (number - 1) * open_tasks // size
        draft = TaskDraft(
            title=f"Task {place * 7919 % 1009}",
            description="milk" if place % 10 == 0 else None,
            complete=not is_open,
            priority=Priority(place % 3 + 1),
            due=Due(_FIRST_DAY + timedelta(days=place % 365)) if place % 2 else None,
            tags=("home", "garden")[: place % 3],
            project_id=1 if place % 4 == 0 else None,
        )
        at = _FIRST_AT + timedelta(minutes=number)
        yield Task.from_draft(draft, user_id=user_id, id=number + 1, revision=number + 1, at=at)


def store_in_sqlite(connection: sqlite3.Connection, user_id: UserId, found: Iterator[Task]) -> None:
    """Insert the list, in one transaction."""
    counters, insert = ListCounters(), SQLITE.compile(statements.write_row(SQLITE, tasks))
    connection.execute("BEGIN")
    for task in found:
        connection.execute(insert, rows.state_values(SQLITE, user_id, task))
        counters = counters.after(task, None)
    connection.execute(SQLITE.compile(statements.set_counters(SQLITE)), rows.counter_values(user_id, counters))
    connection.execute("COMMIT")


def store_in_postgres(connection: psycopg.Connection, user_id: UserId, found: Iterator[Task]) -> None:
    """Insert the list."""
    counters, names = ListCounters(), [column.name for column in tasks.c]
    with connection.cursor().copy(f"COPY tasks ({', '.join(names)}) FROM STDIN".encode()) as copy:
        for task in found:
            values = rows.state_values(POSTGRESQL, user_id, task)
            copy.write_row([values[name] for name in names])
            counters = counters.after(task, None)
    insert = POSTGRESQL.compile(statements.set_counters(POSTGRESQL))
    in_order = insert.in_order(rows.counter_values(user_id, counters))
    connection.execute(re.sub(r"\$\d+", "%s", insert).encode(), in_order)
