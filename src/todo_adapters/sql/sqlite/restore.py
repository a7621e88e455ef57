"""Replace an SQLite file by a backup."""

import os
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

from todo_adapters.sql import migrations
from todo_adapters.sql.sqlite.backup import BackupFailed, copy_database, explained, new_file_for, put_in_place, url_of
from todo_adapters.sql.sqlite.epoch import renew_epoch
from todo_adapters.sql.sqlite.file import claim, connect, sync


def restore(database: Path, backup: Path, *, at: datetime) -> str:
    """Replace the database by a checked copy of the backup with the current schema and a new epoch; return the epoch.

    A crash or a power failure at any time leaves the old or the new database, complete. Raises
    BackupFailed, or StorageUnavailable while a server uses the database; then it is as it was.
    """
    file = database.resolve()
    with explained(f"{database}"), closing(claim(database)), new_file_for(file) as copy:
        with explained(f"copying {backup} to {database}"):
            copy_database(backup, copy)
        migrations.ensure(url_of(copy))
        with closing(connect(copy)) as connection:
            epoch = renew_epoch(connection, at)
        owner = file.stat()
        os.chown(copy, owner.st_uid, owner.st_gid)
        _end_log(file)
        # The deletion of the log must not be lost if the new name is not.
        sync(file.parent)
        put_in_place(copy, file)
    return epoch


def _end_log(file: Path) -> None:
    """Move the content of the write-ahead log into the file, and delete the log. Refuse files that may be of value."""
    try:
        with closing(connect(file)) as connection:
            tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            if tables and migrations.VERSION_TABLE not in tables:
                raise BackupFailed(f"{file} belongs to another program: it has a table {min(tables)}")
            # SQLite refuses this while another connection is open, even an idle one.
            connection.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            raise
        raise BackupFailed(
            f"{file} can't be opened: move it, {file.name}-wal and {file.name}-shm away, and repeat"
        ) from error
