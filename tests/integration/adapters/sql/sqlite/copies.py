"""SQLite databases to back up and to restore, and what they contain."""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from todo_adapters.sql.migrations import HEAD
from todo_adapters.sql.sqlite.repository import SqliteTaskRepository
from todo_domain import TaskDraft, UserId

ALICE = UserId("alice")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def store(path: Path, *titles: str, crashed: Path | None = None) -> None:
    """Add tasks with these titles; `crashed` is to be the database as a kill leaves it, with a write-ahead log."""

    async def add() -> None:
        async with SqliteTaskRepository(path) as repository:
            for title in titles:
                await repository.add(ALICE, TaskDraft(title=title), at=NOON)
            if crashed:
                for suffix in ("", "-wal"):
                    shutil.copy(f"{path}{suffix}", f"{crashed}{suffix}")

    asyncio.run(add())


def titles_in(path: Path) -> list[str]:
    """Return all titles of a sound database."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return [title for (title,) in connection.execute("SELECT title FROM tasks ORDER BY user_id, id")]


def epoch_of(path: Path) -> str:
    """Return the epoch of a database."""
    with closing(sqlite3.connect(path)) as connection:
        (epoch,) = connection.execute("SELECT epoch FROM store").fetchone()
        return str(epoch)


def make_newer(path: Path) -> None:
    """Let the schema be one that only a later version of the program can serve."""
    later = f"{int(HEAD) + 1:04}"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE todo_schema_version SET version_num = ?, oldest_program = ?", [later, later])


def make_foreign(path: Path) -> None:
    """Replace the file by a database of another program."""
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE notes (text TEXT)")


def damage(path: Path) -> None:
    """Overwrite a page of the file."""
    content = path.read_bytes()
    path.write_bytes(content[:-4096] + bytes(4096))


def make_empty(path: Path) -> None:
    """Let the file be that of a database without tables."""
    path.write_bytes(b"")


def make_text(path: Path) -> None:
    """Replace the file by a text."""
    path.write_text("no database" * 1000)
