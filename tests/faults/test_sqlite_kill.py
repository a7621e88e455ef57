import subprocess
import sys
from pathlib import Path

import pytest

from todo_adapters.sql.sqlite.repository import SqliteTaskRepository
from todo_domain import UserId

pytestmark = pytest.mark.anyio

ADD_ENDLESSLY = """
import asyncio, pathlib, sys
from datetime import UTC, datetime
from todo_adapters.sql.sqlite.repository import SqliteTaskRepository
from todo_domain import TaskDraft, UserId

async def caller(repository, user_id):
    while True:
        added = await repository.add(user_id, TaskDraft(title="Buy milk"), at=datetime(2026, 3, 1, 12, tzinfo=UTC))
        print(user_id, added.task.id, flush=True)

async def main():
    async with SqliteTaskRepository(pathlib.Path(sys.argv[1])) as repository:
        await asyncio.gather(*(caller(repository, UserId(f"user-{n}")) for n in range(8)))

asyncio.run(main())
"""


async def test_completed_writes_survive_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "todo.db"
    with subprocess.Popen([sys.executable, "-c", ADD_ENDLESSLY, path], stdout=subprocess.PIPE, text=True) as server:  # noqa: ASYNC220 - nothing else waits
        assert server.stdout
        printed = [server.stdout.readline() for _ in range(200)]
        server.kill()
        printed += server.stdout.readlines()

    async with SqliteTaskRepository(path) as repository:
        for user_id, task_id in (line.split() for line in printed if line.endswith("\n")):
            assert (await repository.get(UserId(user_id), int(task_id))).id == int(task_id)
