"""Our server on an SQLite file where each write takes WRITE_SECONDS, without using the CPU."""

import os
import sqlite3
import time
from pathlib import Path

from todo_adapters.sql.sqlite import open_file
from todo_adapters.sql.sqlite.file import connect_writer
from todo_api.cli.start import main

_SECONDS = float(os.environ["WRITE_SECONDS"])


def _connect(path: Path, factory: type[sqlite3.Connection] = sqlite3.Connection) -> sqlite3.Connection:
    connection = connect_writer(path, factory)
    connection.set_trace_callback(lambda statement: time.sleep(_SECONDS) if statement == "RELEASE write" else None)
    return connection


open_file.connect_writer = _connect  # type: ignore[attr-defined]  # it is imported there
main()
