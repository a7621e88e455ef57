"""Back up an SQLite file while a server uses it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa

from todo_adapters.sql import migrations
from todo_adapters.sql.sqlite.file import connect, connect_reader, create, fault_of, sync
from todo_adapters.sql.sqlite.identity import FileIdentity
from todo_domain import StorageUnavailable


class BackupFailed(Exception):
    """Raised when a backup or a restore was not done. The message is one line that names the file and the cause."""


def back_up(database: Path, target: Path, *, overwrite: bool = False) -> None:
    """Write a checked copy of the database to `target`. It has every write that was committed before the call.

    The copy gets its name when it is complete. It has mode 0600 and needs no other file. If it raises
    BackupFailed, `target` is as it was.
    """
    resolved, file = target.resolve(), database.resolve()
    if resolved in {file, *(Path(f"{file}{suffix}") for suffix in ("-wal", "-shm", "-journal", ".lock"))}:
        raise BackupFailed(f"{target} belongs to the database: choose another file")
    if resolved.exists() and not overwrite:
        raise BackupFailed(f"{target} exists: choose another file, or add --overwrite")
    for log in filter(Path.exists, (Path(f"{resolved}-wal"), Path(f"{resolved}-journal"))):
        raise BackupFailed(f"{log} exists, and SQLite would apply it to the backup: choose another file")
    with explained(f"copying {database} to {target}"), new_file_for(resolved) as copy:
        copy_database(database, copy)
        put_in_place(copy, resolved)


def copy_database(source: Path, copy: Path) -> None:
    """Copy what is committed in `source` to a new file, and check its pages and its schema.

    The copy is one read transaction and one step, so it ends, and delays no writer. Before each further
    step, SQLite would begin again if another process has written: see docs/decisions/0033.
    Raises BackupFailed, and errors that are to be `explained`.
    """
    identity = FileIdentity(source)
    create(copy)
    with closing(connect(copy)) as writer:
        with closing(connect_reader(source)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT name FROM sqlite_master").fetchone()
            # Otherwise it may be an old file with the log of the one that replaced it.
            identity.verify()
            reader.backup(writer)
        writer.execute("PRAGMA journal_mode = DELETE")
        (found,) = writer.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        raise BackupFailed(f"{source} is damaged: {found.splitlines()[-1]}")
    try:
        version = migrations.schema_version(url_of(copy))
    except StorageUnavailable as error:
        raise BackupFailed(f"{source}: {error}") from error
    if version is None:
        raise BackupFailed(f"{source} is empty: no server has used it yet")


@contextmanager
def new_file_for(path: Path) -> Iterator[Path]:
    """Yield the path of a file to create, which then replaces the file at `path`. Others can't read it."""
    with TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        yield Path(folder) / path.name


def put_in_place(file: Path, target: Path) -> None:
    """Let a new file replace another one in one step, also for a power failure."""
    sync(file)
    file.replace(target)
    sync(target.parent)


@contextmanager
def explained(subject: str) -> Iterator[None]:
    """Raise BackupFailed for an error of SQLite or of the operating system."""
    try:
        yield
    except sqlite3.Error as error:
        raise BackupFailed(f"{subject}: {fault_of(error)}") from error
    except OSError as error:
        raise BackupFailed(f"{subject}: {error.strerror}") from error


def url_of(file: Path) -> sa.URL:
    """Return the URL of an SQLite file for the migrations."""
    return sa.URL.create("sqlite", database=str(file))
