"""Connections to one SQLite file, the lock that keeps other processes out, and the messages for its faults."""

import os
import sqlite3
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from todo_domain import StorageUnavailable

_BUSY_SECONDS: Final = 1.0
_WRITER_BUSY_SECONDS: Final = 0.1
"""How long one statement waits for a lock that another connection holds. The writer tries again."""

_KEPT_LOG_BYTES: Final = 4 << 20
"""The write-ahead log is truncated to this size when it starts again from the beginning."""

_PRIVATE: Final = 0o600
_FAULTS: Final[Mapping[int, str]] = {
    sqlite3.SQLITE_NOTADB: "it is not an SQLite database, or it is damaged",
    sqlite3.SQLITE_CORRUPT: "it is damaged: restore it from a backup",
    sqlite3.SQLITE_READONLY: "the file or its folder is read-only",
    sqlite3.SQLITE_CANTOPEN: "it can't be opened: check that it is a file, and that its folder exists and is writable",
    sqlite3.SQLITE_BUSY: "another program has locked it",
    sqlite3.SQLITE_FULL: "the disk is full",
}


def connect_writer(path: Path, factory: type[sqlite3.Connection] = sqlite3.Connection) -> sqlite3.Connection:
    """Open the only connection that writes and makes checkpoints; its commits survive a power failure.

    SQLite before 3.51.3 can lose a checkpoint when several connections write.
    """
    connection = _connect(f"{path.resolve().as_uri()}?mode=rw", _WRITER_BUSY_SECONDS, factory)
    connection.execute("PRAGMA journal_mode = WAL")
    # With NORMAL, commits survive a crash of the process but not a power failure.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    # Otherwise the text of removed tasks stays readable in the free space of pages.
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute(f"PRAGMA journal_size_limit = {_KEPT_LOG_BYTES}")
    return connection


def connect(path: Path, busy_seconds: float = _BUSY_SECONDS) -> sqlite3.Connection:
    """Open a connection that may write, and change no property of the file."""
    return _connect(f"{path.resolve().as_uri()}?mode=rw", busy_seconds)


def connect_reader(path: Path, busy_seconds: float = _BUSY_SECONDS) -> sqlite3.Connection:
    """Open a read-only connection; each statement sees everything that was committed before it."""
    connection = _connect(f"{path.resolve().as_uri()}?mode=ro", busy_seconds)
    connection.execute("PRAGMA query_only = ON")
    return connection


def claim(path: Path) -> sqlite3.Connection:
    """Claim the file for this process until the connection is closed or the process ends in any way.

    The claim is an SQLite lock on an empty file beside it. The operating system releases
    it at the end of the process, on every platform. A new file gets mode 0600; an existing
    one is not changed, since it may belong to another program. Raises StorageUnavailable if
    the file is already claimed, is not a regular file, or has a second name (a hard link),
    under which another process could claim it. Also raises sqlite3.Error and OSError.
    """
    resolved = path.resolve()
    lock = Path(f"{resolved}.lock")
    create(lock)
    make_private(lock)
    connection = _connect(lock.as_uri(), busy_seconds=0)
    try:
        connection.execute("BEGIN EXCLUSIVE")
        create(resolved)
    except BaseException as error:
        connection.close()
        if isinstance(error, sqlite3.Error) and error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            raise StorageUnavailable(
                f"{path} is in use: one server process, with one worker, serves an SQLite file; PostgreSQL serves many"
            ) from error
        raise
    return connection


def make_private(path: Path) -> None:
    """Set mode 0600 on the file and on SQLite's files beside it."""
    for file in filter(Path.exists, (path, Path(f"{path}-wal"), Path(f"{path}-shm"))):
        file.chmod(_PRIVATE)


def create(path: Path) -> None:
    """Create a file with mode 0600, unless it exists; raise StorageUnavailable if it is unsuitable."""
    # Never open an existing file: closing it would release the locks that SQLite holds on it in this process.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, _PRIVATE))
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise StorageUnavailable(f"{path} is not a regular file")
    if found.st_nlink > 1:
        raise StorageUnavailable(f"{path} has a second name (a hard link), under which another process could open it")


def sync(path: Path) -> None:
    """Make the content of a file, or the names in a folder, survive a power failure. The file must not be open."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fault_of(error: sqlite3.Error) -> str:
    """Return what is wrong with the file, in one line."""
    code = getattr(error, "sqlite_errorcode", 0)
    # The lowest byte is the primary code; the rest is detail (https://sqlite.org/rescode.html).
    return _FAULTS.get(code & 0xFF, str(error))


def _connect(
    uri: str, busy_seconds: float, factory: type[sqlite3.Connection] = sqlite3.Connection
) -> sqlite3.Connection:
    # With isolation_level=None, the driver does not begin transactions itself.
    return sqlite3.connect(
        uri, timeout=busy_seconds, isolation_level=None, check_same_thread=False, uri=True, factory=factory
    )
