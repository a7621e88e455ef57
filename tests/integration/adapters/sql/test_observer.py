"""An adapter tells its observer of every statement, in the context of the caller, but of no value."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.integration.server import new_user
from todo_adapters.sql.postgres.repository import PostgresTaskRepository
from todo_adapters.sql.sqlite.repository import SqliteTaskRepository
from todo_domain import Batch, Create, StorageUnavailable, TaskDraft, TaskQuery, UserId

pytestmark = pytest.mark.anyio

AT = datetime(2026, 12, 1, 17, tzinfo=UTC)
CALLER: ContextVar[str | None] = ContextVar("caller", default=None)
SECRET = "s3cret"


class Statements:
    """An observer that keeps what it is told for one caller."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.errors: list[str] = []

    @contextmanager
    def __call__(self, statements: Sequence[str]) -> Iterator[None]:
        if CALLER.get() == "a request":
            self.texts += statements
        try:
            yield
        except Exception as error:
            self.errors.append(type(error).__name__)
            raise


def commands(statements: Statements) -> set[str]:
    return {word for text in statements.texts for word in ("SELECT", "INSERT INTO", "UPDATE") if word in text}


@pytest.fixture(params=["sqlite", "postgresql"])
def repository(
    request: pytest.FixtureRequest, tmp_path: Path
) -> tuple[SqliteTaskRepository | PostgresTaskRepository, Statements]:
    observe = Statements()
    if request.param == "sqlite":
        return SqliteTaskRepository(tmp_path / "todo.db", observe=observe), observe
    return PostgresTaskRepository(request.getfixturevalue("database_url"), observe=observe), observe


async def test_reads_writes_and_batches_are_observed_without_values(
    repository: tuple[SqliteTaskRepository | PostgresTaskRepository, Statements],
) -> None:
    tasks, statements = repository
    user = UserId(new_user())

    async with tasks:
        await tasks.list(user, TaskQuery())
        assert statements.texts == [], "another caller's"
        CALLER.set("a request")
        await tasks.list(user, TaskQuery(q=SECRET))
        assert commands(statements) == {"SELECT"}
        added = await tasks.add(user, TaskDraft(title=SECRET), at=AT)
        await tasks.apply(user, Batch((Create(TaskDraft(title=SECRET)),)), at=AT)
        found = await tasks.list_ids(user, TaskQuery(q=SECRET))
        CALLER.set(None)

    assert len(found.ids) == 2
    assert {"SELECT", "INSERT INTO"} <= commands(statements)
    assert added.task.title == SECRET
    assert not [text for text in statements.texts if SECRET in text or user in text]
    assert statements.errors == []


async def test_a_snapshot_is_observed(
    repository: tuple[SqliteTaskRepository | PostgresTaskRepository, Statements],
) -> None:
    tasks, statements = repository

    async with tasks:
        CALLER.set("a request")
        async with tasks.snapshot(UserId(new_user())):
            assert statements.texts[0].startswith("BEGIN")
        CALLER.set(None)


async def test_a_statement_that_fails_is_reported(tmp_path: Path) -> None:
    statements = Statements()

    async with SqliteTaskRepository(tmp_path / "todo.db", observe=statements) as tasks:
        (tmp_path / "todo.db").unlink()
        with pytest.raises(StorageUnavailable):
            await tasks.check_reads()
        with pytest.raises(StorageUnavailable):
            await tasks.list(UserId("alice"), TaskQuery())

    assert statements.errors == ["StorageUnavailable"]
