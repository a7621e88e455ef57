"""An SQLite file while it is open: who writes it, and who reads it."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from todo_adapters.sql import migrations, statements
from todo_adapters.sql.admission import Admission, Caller
from todo_adapters.sql.dialects import SQLITE
from todo_adapters.sql.epoch_log import log_opened
from todo_adapters.sql.observer import Observe
from todo_adapters.sql.sqlite.file import claim, connect_writer, fault_of, make_private
from todo_adapters.sql.sqlite.identity import FileIdentity
from todo_adapters.sql.sqlite.log_limit import LogLimit
from todo_adapters.sql.sqlite.long_reads import READER_THREADS, LongReads
from todo_adapters.sql.sqlite.observed import ObservedWriter, connection_observed_by, reader_observed_by
from todo_adapters.sql.sqlite.readers import SqliteReader
from todo_adapters.sql.sqlite.writer import MAX_GROUP, SqliteWriter
from todo_domain import StorageUnavailable

_EPOCH: Final = SQLITE.compile(statements.EPOCH)


@dataclass(frozen=True, slots=True)
class OpenFile:
    """What an open store uses; `resources` closes all of it."""

    identity: FileIdentity
    writer: SqliteWriter
    reader: SqliteReader
    resources: AsyncExitStack


async def open_file(
    path: Path,
    *,
    timeout_seconds: float,
    log_limit_bytes: int,
    caller: Callable[[], Caller | None],
    observe: Observe | None,
) -> OpenFile:
    """Claim the file, create it or upgrade its schema, and start the writer.

    Raises StorageUnavailable when another process uses the file, or when it is not
    a database that can be used.
    """
    connection_type = connection_observed_by(observe) if observe else sqlite3.Connection
    writer_type = ObservedWriter if observe else SqliteWriter
    reader_type = reader_observed_by(observe) if observe else SqliteReader
    new_admission = partial(Admission, timeout_seconds=timeout_seconds, caller=caller)
    try:
        async with AsyncExitStack() as opened:
            opened.callback(claim(path).close)
            await asyncio.to_thread(migrations.ensure, sa.URL.create("sqlite", database=str(path)))
            make_private(path.resolve())  # noqa: ASYNC240 - as short as the rest of the opening
            identity = FileIdentity(path)
            connection = connect_writer(path, connection_type)
            log_opened(*connection.execute(_EPOCH).fetchone())
            long_reads = LongReads(path, new_admission(READER_THREADS), timeout_seconds=timeout_seconds)
            log_limit = LogLimit(connection, path, long_reads.restart, limit_bytes=log_limit_bytes)
            writer = writer_type(
                connection, identity, log_limit, new_admission(MAX_GROUP), timeout_seconds=timeout_seconds
            )
            opened.push_async_callback(writer.close)
            reader = reader_type(path, identity, long_reads)
            opened.push_async_callback(reader.close)
            return OpenFile(identity, writer, reader, opened.pop_all())
    except sqlite3.Error as error:
        raise StorageUnavailable(f"{path} can't be used: {fault_of(error)}") from error
    except OSError as error:
        raise StorageUnavailable(f"{path} can't be used: {error.strerror}") from error
