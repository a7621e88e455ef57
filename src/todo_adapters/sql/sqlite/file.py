"""The connections to one SQLite file, and the lock that keeps it to one process."""

import sqlite3
from pathlib import Path
from typing import Final

from todo_domain import StorageUnavailable

_BUSY_SECONDS: Final = 5
"""How long to wait for another program, such as a backup, that holds the file's write lock."""


def connect_writer(path: Path) -> sqlite3.Connection:
    """Open the one connection that writes, makes checkpoints, and survives a power failure.

    SQLite before 3.51.3 can lose a checkpoint when several connections write.
    """
    connection = _connect(f"{path.resolve().as_uri()}?mode=rw")
    connection.execute("PRAGMA journal_mode = WAL")
    # NORMAL survives a crash of the process, and loses commits when the power fails.
    connection.execute("PRAGMA synchronous = FULL")
    # Without it the text of removed tasks stays legible in the free space of pages.
    connection.execute("PRAGMA secure_delete = ON")
    return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """Open a connection that can't write: each of its statements sees all that was committed before it."""
    connection = _connect(f"{path.resolve().as_uri()}?mode=ro")
    connection.execute("PRAGMA query_only = ON")
    return connection


def claim(path: Path) -> sqlite3.Connection:
    """Claim the file for this process until the connection is closed or the process ends, however it ends.

    The claim is SQLite's own lock on an empty file beside it, which the system lets
    go with the process on every platform. Raises StorageUnavailable when it is taken.
    """
    connection = _connect(f"{path.resolve().as_uri()}.lock", busy_seconds=0)
    try:
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as error:
        connection.close()
        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise
        raise StorageUnavailable(
            f"{path} is in use: one server process, with one worker, serves an SQLite file; PostgreSQL serves many"
        ) from error
    return connection


def _connect(uri: str, busy_seconds: float = _BUSY_SECONDS) -> sqlite3.Connection:
    # Without an isolation level the driver begins no transaction on its own.
    return sqlite3.connect(uri, busy_seconds, isolation_level=None, check_same_thread=False, uri=True)
