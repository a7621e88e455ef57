"""A made-up next version migrates the database of running servers; both versions serve it; a rollback works."""

import dataclasses
import shutil
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import httpx
import psycopg
import pytest

from tests.documents import ROOT
from tests.integration.cli.test_serve import Process
from tests.integration.server import new_user, running_server, settings_for
from tests.postgres import Postgres
from tests.tokens import SECRET
from todo_adapters.sql.migrations import HEAD, upgrade
from todo_api.container import assemble

NEXT: Final = f"{int(HEAD) + 1:04}"
MIGRATION: Final = f"""
import sqlalchemy as sa
from alembic import op

revision = "{NEXT}"
down_revision = "{HEAD}"

def upgrade():
    op.add_column("tasks", sa.Column("added", sa.Text(), nullable=False, server_default="default"))
"""
MIGRATE_AND_RUN: Final = """
import os
from todo_adapters.sql.migrations import upgrade
upgrade(os.environ["DATABASE_URL"])
from todo_api.cli.start import main
main()
"""
COLUMN: Final = "    title_key: str = Field(sa_type=TEXT)\n"
VALUE: Final = '    "title_key": lambda task: fold(task.title),\n'


def next_version(folder: Path) -> None:
    """Copy the sources, and add a migration and a column that is written with each task."""
    sql = folder / "todo_adapters" / "sql"
    shutil.copytree(ROOT / "src", folder)
    (sql / "migrations" / "versions" / f"v{NEXT}_added.py").write_text(MIGRATION)
    for module, line in (("tables.py", COLUMN), ("rows.py", VALUE)):
        text = (sql / module).read_text()
        assert line in text
        added = line.replace("title_key", "added").replace("fold(task.title)", "'written'")
        (sql / module).write_text(text.replace(line, line + added))


def use_until(is_over: threading.Event, client: httpx.Client) -> set[int]:
    """Create and read tasks, and return the statuses of the responses."""
    statuses = {client.post("/tasks", json={"title": "a"}).status_code}
    while not is_over.wait(0.02):
        statuses |= {client.post("/tasks", json={"title": "a"}).status_code, client.get("/tasks/1").status_code}
    return statuses


def test_servers_of_two_versions_serve_one_database(
    tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)  # it can't report the sources of a copy
    next_version(tmp_path / "next")
    user, is_over = new_user(), threading.Event()
    with postgres.database() as url:
        upgrade(url)
        environment = {"PYTHONPATH": str(tmp_path / "next"), "DATABASE_URL": url, "BETTER_AUTH_SECRET": SECRET}
        before, after = (running_server(assemble(settings_for(url))) for _ in range(2))

        with ExitStack() as stack:
            server = stack.enter_context(before)
            client, load = (stack.enter_context(server.client(name)) for name in (user, None))
            statuses = stack.enter_context(ThreadPoolExecutor()).submit(use_until, is_over, load)
            stack.callback(is_over.set)
            client.post("/tasks", json={"title": "before"}).raise_for_status()
            process = Process(tmp_path, program=(sys.executable, "-c", MIGRATE_AND_RUN), **environment)
            stack.callback(process.end)
            next_client = stack.enter_context(dataclasses.replace(server, url=process.url()).client(user))
            client.post("/tasks", json={"title": "during"}).raise_for_status()
            next_client.post("/tasks", json={"title": "after"}).raise_for_status()
            next_client.patch("/tasks/1", json={"complete": True}).raise_for_status()
            client.patch("/tasks/3", json={"complete": True}).raise_for_status()

        is_current = upgrade(url)
        with after as server, server.client(user) as client:
            tasks = client.get("/tasks").json()["tasks"]
            client.post("/tasks", json={"title": "rolled back"}).raise_for_status()
        with psycopg.connect(url) as connection:
            query = "SELECT title, added FROM tasks WHERE user_id = %s ORDER BY id"
            rows = connection.execute(query, [user]).fetchall()

    assert statuses.result() == {200, 201}
    assert not is_current
    assert [task["title"] for task in tasks if task["complete"]] == ["before", "after"]
    assert rows == [("before", "written"), ("during", "default"), ("after", "written"), ("rolled back", "default")]
