"""A process that erases a user is killed after any step: the user has nothing, and repeating it completes it."""

import subprocess
import sys
from pathlib import Path

import pytest

from todo_adapters.contract.erasures import erase
from todo_adapters.contract.scenario import NOON, add_titles, new_user, read_everything
from todo_adapters.sql.postgres.repository import PostgresTaskRepository
from todo_adapters.sql.sqlite.repository import SqliteTaskRepository
from todo_domain import ErasureInProgress, TaskDraft, TaskStore

pytestmark = pytest.mark.anyio

ERASE_SLOWLY = """
import asyncio, pathlib, sys
from datetime import UTC, datetime
from todo_domain import UserId

async def main(url, user_id):
    if url.startswith("postgres"):
        from todo_adapters.sql.postgres.repository import PostgresTaskRepository
        store = PostgresTaskRepository(url)
    else:
        from todo_adapters.sql.sqlite.repository import SqliteTaskRepository
        store = SqliteTaskRepository(pathlib.Path(url))
    async with store:
        at = datetime(2026, 1, 31, 12, tzinfo=UTC)
        while not await store.erase_user(UserId(user_id), at=at, limit=1):
            print("step", flush=True)
            await asyncio.sleep(0.01)

asyncio.run(main(*sys.argv[1:]))
"""
TASKS = 200


@pytest.mark.parametrize("steps", [1, 20])
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_a_killed_erasure_shows_nothing_and_can_be_completed(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str, steps: int
) -> None:
    path = tmp_path / "todo.db"
    url = str(path) if kind == "sqlite" else request.getfixturevalue("database_url")

    def store() -> TaskStore:
        return SqliteTaskRepository(path) if kind == "sqlite" else PostgresTaskRepository(url)

    user = new_user()
    async with store() as repository:
        await add_titles(repository, user, map(str, range(TASKS)))
    arguments = [sys.executable, "-c", ERASE_SLOWLY, url, user]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as eraser:  # noqa: ASYNC220 - nothing else waits
        assert eraser.stdout
        for _ in range(steps):
            eraser.stdout.readline()
        eraser.kill()

    async with store() as repository:
        page, feed = await read_everything(repository, user)
        assert (page.tasks, feed.changes, page.revision) == ((), (), TASKS + 1)
        with pytest.raises(ErasureInProgress):
            await repository.add(user, TaskDraft(title="a"), at=NOON)
        await erase(repository, user)
        (task,) = await add_titles(repository, user, "a")
        assert (task.id, task.revision) == (TASKS + 1, TASKS + 2)
