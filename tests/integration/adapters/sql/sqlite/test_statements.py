"""The SQLite statements of each use case: as few as possible, and none scans a table."""

import re
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from todo_adapters.sql import access_tokens, erasing, feed, project_tasks, projects, purging, statements, trash
from todo_adapters.sql.dialects import SQLITE
from todo_adapters.sql.listing import list_statement
from todo_adapters.sql.sqlite.repository import SqliteTaskRepository
from todo_adapters.sql.tables import store, tasks
from todo_domain import (
    Batch,
    Create,
    CreateProject,
    IdempotencyKey,
    Move,
    Patch,
    ProjectDraft,
    Remove,
    RemoveProject,
    RestoreProject,
    Task,
    TaskDraft,
    TaskPatch,
    TaskQuery,
    TrashQuery,
    UserId,
)

pytestmark = pytest.mark.anyio

ALICE = UserId("alice")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DRAFT = TaskDraft(title="Buy milk")
IN_FIRST = replace(DRAFT, project_id=1)
LAST_SEEN = Task.from_draft(DRAFT, user_id=ALICE, id=1, revision=1, at=NOON)
KEY = IdempotencyKey("key", "fingerprint")
BATCH = Batch((Create(DRAFT), Patch(1, TaskPatch(title="Buy bread")), Remove(1)))

Call = Callable[[SqliteTaskRepository], Awaitable[Any]]


def written(*changes: str) -> list[str]:
    return ["BEGIN", "SAVEPOINT", *changes, "RELEASE", "COMMIT"]


@pytest.fixture
async def first_words(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    anyio_backend: str,  # noqa: ARG001 - runs this fixture
) -> AsyncIterator[Callable[[Call], Awaitable[list[str]]]]:
    """Return a function that returns the first word of each statement of a call. The list has a task in a project."""
    traced: list[str] = []
    connect = sqlite3.connect

    def connect_traced(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*args, **kwargs)
        connection.set_trace_callback(traced.append)
        return connection

    monkeypatch.setattr(sqlite3, "connect", connect_traced)
    async with SqliteTaskRepository(tmp_path / "todo.db") as repository:
        await repository.apply(ALICE, Batch((CreateProject(ProjectDraft(name="a")), Create(IN_FIRST))), at=NOON)

        async def first_words_of(call: Call) -> list[str]:
            traced.clear()
            await call(repository)
            return [statement.split()[0] for statement in traced]

        yield first_words_of


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        pytest.param(lambda store: store.get(ALICE, 1), ["SELECT"], id="get"),
        pytest.param(lambda store: store.list(ALICE, TaskQuery(q="milk")), ["SELECT"], id="list"),
        pytest.param(lambda store: store.list_trash(ALICE, TrashQuery()), ["SELECT"], id="list_trash"),
        pytest.param(lambda store: store.changes(ALICE, None, 10), ["SELECT"], id="changes"),
        pytest.param(lambda store: store.revisions([ALICE]), ["SELECT"], id="revisions"),
        pytest.param(lambda store: store.add(ALICE, DRAFT, at=NOON), written("SELECT", "INSERT", "INSERT"), id="add"),
        pytest.param(
            lambda store: store.add(ALICE, DRAFT, at=NOON, key=KEY),
            written("SELECT", "SELECT", "INSERT", "INSERT", "INSERT"),
            id="add with a key",
        ),
        pytest.param(
            lambda store: store.change(ALICE, 1, lambda task: task.patched(TaskPatch(title="Buy bread"), NOON)),
            written("SELECT", "SELECT", "INSERT", "UPDATE"),
            id="change",
        ),
        pytest.param(
            lambda store: store.change(ALICE, 1, lambda task: task.patched(TaskPatch(complete=True), NOON)),
            written("SELECT", "SELECT", "INSERT", "INSERT"),
            id="complete",
        ),
        pytest.param(lambda store: store.change(ALICE, 1, lambda task: task), written("SELECT"), id="change nothing"),
        pytest.param(
            lambda store: store.remove(ALICE, 1, at=NOON),
            written("SELECT", "SELECT", "INSERT", "INSERT"),
            id="remove",
        ),
        pytest.param(
            lambda store: store.apply(ALICE, BATCH, at=NOON),
            written("SELECT", "SELECT", "INSERT", "INSERT", "INSERT"),
            id="apply",
        ),
        pytest.param(
            lambda store: store.apply(ALICE, Batch((Create(DRAFT, Move(first=True)),)), at=NOON),
            written("SELECT", "SELECT", "SELECT", "INSERT", "INSERT"),
            id="create with a move",
        ),
        pytest.param(
            lambda store: store.apply(ALICE, Batch((Create(IN_FIRST),)), at=NOON),
            written("SELECT", "SELECT", "SELECT", "INSERT", "INSERT"),
            id="create in a project",
        ),
        pytest.param(
            lambda store: store.apply(ALICE, Batch((RemoveProject(1),)), at=NOON),
            written(*["SELECT"] * 4, "INSERT", "UPDATE", "INSERT", "UPDATE", "DELETE"),
            id="remove a project",
        ),
        pytest.param(
            lambda store: store.apply(ALICE, Batch((RemoveProject(1), RestoreProject(1))), at=NOON),
            written(*["SELECT"] * 7, "INSERT", "INSERT", "INSERT", "UPDATE", "DELETE"),
            id="remove and restore a project",
        ),
        pytest.param(lambda store: store.check_reads(), ["SELECT"], id="check_reads"),
        pytest.param(lambda store: store.check_writes(), written("UPDATE", "UPDATE"), id="check_writes"),
    ],
)
async def test_a_use_case_runs_no_unnecessary_statement(
    first_words: Callable[[Call], Awaitable[list[str]]], call: Call, expected: list[str]
) -> None:
    statements_run = await first_words(call)

    assert statements_run == expected


NAMED = {
    name: value
    for module in (statements, purging, trash, projects, project_tasks)
    for name, value in vars(module).items()
}
LIST, LIST_VALUES = list_statement(SQLITE, ALICE, TaskQuery(q="milk", tag=("home",)))


OF_TOKENS: list[tuple[Any, dict[str, Any]]] = [
    (access_tokens.FIND, {"hash": "0"}),
    (access_tokens.LIST, {}),
    (access_tokens.REMOVE, {"id": "0", "issued_at": "2026"}),
    (access_tokens.MARK_USED, {"hash": "0", "last_used_at": "2026"}),
    (access_tokens.COUNT_OLD, {"before": "2026", "limit": 1}),
    (access_tokens.PURGE, {"before": "2026", "limit": 1}),
]


OF_ERASURES: dict[str, Any] = {
    "mark": erasing.mark(SQLITE),
    **{f"delete some {number}": statement for number, statement in enumerate(erasing.DELETE_SOME)},
    "finish": erasing.FINISH,
    "state": erasing.STATE,
    "erased since": erasing.ERASED_SINCE,
    "old": erasing.OLD,
    **{f"forget {number}": statement for number, statement in enumerate(erasing.FORGET)},
}
ERASURE = {"user_id": ALICE, "erased_at": "2026", "before": "2026", "since": "2026", "limit": 1}


@pytest.mark.parametrize(
    ("sql", "values"),
    [
        pytest.param(LIST, LIST_VALUES, id="list"),
        *(
            pytest.param(SQLITE.compile(statement), ERASURE, id=f"erasure: {name}")
            for name, statement in OF_ERASURES.items()
        ),
        *(
            pytest.param(
                SQLITE.compile(feed.changes(store, kinds)),
                {"user_id": ALICE, "since": 0, "limit": 1},
                id=f"changes of {', '.join(sorted(kinds))}",
            )
            for kinds in feed.KINDS
        ),
        *(
            pytest.param(SQLITE.compile(statement), {"user_id": ALICE, **values}, id=f"access tokens {number}")
            for number, (statement, values) in enumerate(OF_TOKENS)
        ),
        *(
            pytest.param(SQLITE.compile(NAMED[name]), values, id=name)
            for name, values in {
                "GET": {"user_id": ALICE, "id": 1},
                "GET_SOME": {"user_id": ALICE, "ids": "[1]"},
                "NEIGHBOURS": {"user_id": ALICE, "position": "a1", "reach": 1},
                "REVISIONS": {"user_ids": '["alice"]'},
                "KEY": {"user_id": ALICE, "key": "key"},
                "OLD_KEYS": {"before": "2026", "limit": 1},
                "FORGET_KEY": {"user_id": ALICE, "key": "key"},
                "OLD_DELETIONS": {"before": "2026", "limit": 1},
                "FORGET_DELETION": {"user_id": ALICE, "id": 1},
                "OLD_KEYS_OF_USER": {"user_id": ALICE, "before": "2026", "limit": 1},
                "COUNT_FORGOTTEN_KEY": {"user_id": ALICE, "forgotten": 1},
                "OLDEST_DELETIONS_OF_USER": {"user_id": ALICE, "limit": 1},
                "COUNT_FORGOTTEN_DELETION": {"user_id": ALICE, "forgotten": 1, "forgotten_revision": 1, "in_trash": 0},
                "GET_STATES": {"user_id": ALICE, "ids": "[1]"},
                "TRASH": {"user_id": ALICE, "before": 9, "limit": 1},
                "OLD_TRASH": {"since": "2025", "before": "2026", "limit": 1},
                "OLDEST_TRASH_OF_USER": {"user_id": ALICE, "up_to": 9, "limit": 1},
                "COUNT_ERASED": {"user_id": ALICE, "erased": 1},
                "ALL_PROJECTS": {"user_id": ALICE},
                "GET_PROJECT": {"user_id": ALICE, "id": 1},
                "LIST_PROJECTS": {"user_id": ALICE},
                "PROJECT_IN_TRASH": {"user_id": ALICE, "id": 1},
                "OLD_PROJECTS": {"before": "2026", "limit": 1},
                "OLD_TRASHED_PROJECTS": {"since": "2025", "before": "2026", "limit": 1},
                "ERASE_PROJECTS_OF_USER": {"user_id": ALICE, "up_to": 9, **projects.ERASED_PROJECT},
                "TASKS_OF_PROJECT": {"user_id": ALICE, "project_id": 1},
                "TASKS_REMOVED_WITH_PROJECT": {"user_id": ALICE, "project_id": 1},
            }.items()
        ),
    ],
)
def test_no_statement_scans_rows_that_it_does_not_need(sqlite_path: Path, sql: str, values: dict[str, Any]) -> None:
    with closing(sqlite3.connect(sqlite_path)) as connection:
        plan = [step for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)]

    scanned = {step.split()[1] for step in plan if step.startswith("SCAN")}
    assert not scanned & {"tasks", "other", "task_lists", "projects", "idempotency_keys", "access_tokens"}


def test_a_change_of_the_content_writes_only_the_indexes_of_the_revision(sqlite_path: Path) -> None:
    sql = SQLITE.compile(statements.CHANGE_CONTENT)

    with closing(sqlite3.connect(sqlite_path)) as connection:
        names = dict(connection.execute("SELECT rootpage, name FROM sqlite_master"))
        steps = [row[1:4] for row in connection.execute(f"EXPLAIN {sql}", dict.fromkeys(tasks.c.keys()))]

    opened = {cursor: names[page] for operation, cursor, page in steps if operation == "OpenWrite"}
    written = {opened[cursor] for operation, cursor, _ in steps if operation == "IdxInsert"}
    assert written == {"tasks", "tasks_by_revision", "trash_by_revision"}


OLDEST, NEWEST = TaskQuery(limit=100), TaskQuery(limit=100, descending=True)


@pytest.mark.parametrize(
    ("query", "reached", "then"),
    [
        pytest.param(OLDEST, "", "SEARCH task_lists", id="oldest"),
        pytest.param(NEWEST, "", "USE TEMP B-TREE FOR .+ OF ORDER BY", id="newest, ties to sort"),
        pytest.param(
            TaskQuery(limit=100, cursor=OLDEST.cursor_after(LAST_SEEN)),
            " AND created_at>?",
            "SEARCH task_lists",
            id="next oldest",
        ),
        pytest.param(
            TaskQuery(limit=100, descending=True, cursor=NEWEST.cursor_after(LAST_SEEN)),
            " AND created_at<?",
            "USE TEMP B-TREE FOR .+ OF ORDER BY",
            id="next newest, ties to sort",
        ),
    ],
)
def test_a_page_in_order_of_creation_starts_from_an_index(
    sqlite_path: Path, query: TaskQuery, reached: str, then: str
) -> None:
    sql, values = list_statement(SQLITE, ALICE, query)

    with closing(sqlite3.connect(sqlite_path)) as connection:
        plan = [step for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)]

    # Without the search for an erasure, which is done once.
    plan = [step for step in plan if not re.match("SCALAR SUBQUERY|SEARCH erased ", step)]
    found = plan.index(f"SEARCH tasks USING INDEX tasks_by_creation (user_id=?{reached})")
    assert re.match(then, plan[found + 1])


def test_the_place_of_each_task_that_is_restored_with_a_project_is_found_by_an_index(sqlite_path: Path) -> None:
    sql = SQLITE.compile(project_tasks.TASKS_REMOVED_WITH_PROJECT)
    values = {"user_id": ALICE, "project_id": 1}

    with closing(sqlite3.connect(sqlite_path)) as connection:
        plan = [step for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)]

    assert "SEARCH other USING INDEX tasks_by_position (user_id=? AND position=?)" in plan


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        ("OLD_DELETIONS", "tasks_by_deletion"),
        ("OLD_KEYS", "idempotency_keys_by_creation"),
        ("OLD_TRASH", "trash_by_deletion"),
        ("OLDEST_TRASH_OF_USER", "trash_by_revision"),
        ("TRASH", "trash_by_revision"),
        ("TASKS_OF_PROJECT", "tasks_of_project"),
        ("TASKS_REMOVED_WITH_PROJECT", "tasks_of_project"),
    ],
)
def test_old_records_and_the_trash_are_found_by_an_index(sqlite_path: Path, statement: str, index: str) -> None:
    sql = SQLITE.compile(NAMED[statement])
    values = {"user_id": ALICE, "since": "2025", "before": "2026", "up_to": 9, "limit": 1, "project_id": 1}

    with closing(sqlite3.connect(sqlite_path)) as connection:
        plan = [step for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)]

    (found,) = (step for step in plan if " tasks " in step or "idempotency_keys" in step)
    assert found.startswith(f"SEARCH {found.split()[1]} USING ")
    assert f"INDEX {index} " in found
