"""What a page of open tasks costs does not depend on how many tasks were completed: counted, not timed."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests.long_lists import FILTERS, SORTS, long_list, store_in_postgres, store_in_sqlite
from tests.postgres import Postgres
from todo_adapters.sql.dialects import POSTGRESQL, SQLITE
from todo_adapters.sql.listing import ids_statement, list_statement
from todo_adapters.sql.migrations import upgrade
from todo_domain import SortKey, Task, TaskQuery, UserId

SHORT, LONG = UserId("short"), UserId("long")
OPEN = 100
SIZES = {SHORT: OPEN, LONG: 100 * OPEN}

in_every_order = pytest.mark.parametrize(
    ("sort", "descending"), [pytest.param(*order, id=("-" * order[1]) + order[0]) for order in SORTS]
)


def tasks_of(user_id: UserId) -> Iterator[Task]:
    return long_list(user_id, open_tasks=OPEN, size=SIZES[user_id])


def pages(user_id: UserId, sort: SortKey, *, descending: bool) -> Iterator[TaskQuery]:
    """Yield queries for the first page with each filter, and for the pages after a task with a due and one without."""
    for query in FILTERS.values():
        yield replace(query, complete=False, sort=sort, descending=descending, limit=20)
    first = TaskQuery(complete=False, sort=sort, descending=descending, limit=20)
    for last_seen in [task for task in tasks_of(user_id) if not task.complete][-30:-28]:
        yield replace(first, cursor=first.cursor_after(last_seen))


@pytest.fixture(scope="module")
def sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("growth") / "todo.db"
    upgrade(f"sqlite:///{path}")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for user_id in SIZES:
            store_in_sqlite(connection, user_id, tasks_of(user_id))
    return path


@in_every_order
def test_sqlite_executes_as_many_steps_for_a_page_of_open_tasks_in_a_long_list_as_in_a_short_one(
    sqlite_file: Path,
    sort: SortKey,
    descending: bool,  # noqa: FBT001 - pytest passes by name
) -> None:
    def steps(user_id: UserId) -> Iterator[int]:
        for query in pages(user_id, sort, descending=descending):
            for statement in (list_statement, ids_statement):
                executed = 0

                def count() -> None:
                    nonlocal executed
                    executed += 1

                connection.set_progress_handler(count, 100)
                connection.execute(*statement(SQLITE, user_id, query)).fetchall()
                yield executed

    with closing(sqlite3.connect(sqlite_file)) as connection:
        connection.execute("SELECT 1 FROM tasks")  # reads the schema

        # At the end of an index, a scan ends a step earlier.
        assert list(steps(LONG)) == pytest.approx(list(steps(SHORT)), abs=1)


def analyze_at_the_end(connection: psycopg.Connection) -> None:
    for user_id in SIZES:
        store_in_postgres(connection, user_id, tasks_of(user_id))
    connection.execute("ANALYZE")


def analyze_while_all_tasks_are_open(connection: psycopg.Connection) -> None:
    for user_id in SIZES:
        store_in_postgres(connection, user_id, (task for task in tasks_of(user_id) if not task.complete))
    connection.execute("ANALYZE")
    connection.execute("DELETE FROM tasks")
    for user_id in SIZES:
        store_in_postgres(connection, user_id, tasks_of(user_id))


def never_analyze(connection: psycopg.Connection) -> None:
    for user_id in SIZES:
        store_in_postgres(connection, user_id, tasks_of(user_id))


@pytest.fixture(
    scope="module",
    params=[analyze_at_the_end, analyze_while_all_tasks_are_open, never_analyze],
    ids=lambda fill: fill.__name__,
)
def filled(request: pytest.FixtureRequest, postgres: Postgres) -> Iterator[psycopg.Connection]:
    with postgres.database() as url:
        upgrade(url)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("ALTER TABLE tasks SET (autovacuum_enabled = off)")
            request.param(connection)
            yield connection


# Behind a pooler, a session has the page cost of the server, by default 4.
@pytest.mark.parametrize(
    ("mode", "page_cost"), [("force_custom_plan", 4), ("force_generic_plan", 4), ("force_generic_plan", 1)]
)
def test_postgresql_reads_only_open_tasks_for_a_page_of_them(
    filled: psycopg.Connection, mode: str, page_cost: int
) -> None:
    filled.execute(f"SET plan_cache_mode = {mode}; SET random_page_cost = {page_cost}".encode())
    for sort, descending in SORTS:
        for query in pages(LONG, sort, descending=descending):
            statement, values = list_statement(POSTGRESQL, LONG, query)
            literals = sql.SQL(", ").join(statement.in_order(values)).as_string()
            filled.execute(f"PREPARE page AS {statement}".encode())
            ((plan,),) = filled.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE page ({literals})".encode())
            filled.execute("DEALLOCATE page")

            # The plan rounds the numbers of each worker.
            assert read_rows(plan[0]["Plan"]) <= OPEN + 2, json.dumps(plan, indent=1)


def read_rows(plan: dict[str, Any]) -> float:
    """Return how many rows of `tasks` the plan read."""
    own = 0.0
    if plan.get("Relation Name") == "tasks":
        seen = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
        own = plan["Actual Loops"] * sum(plan.get(name, 0) for name in seen)
    return own + sum(map(read_rows, plan.get("Plans", ())))
