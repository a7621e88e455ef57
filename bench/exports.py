"""An export of 110,000 tasks: its time and memory, and how long it delays the event loop.

python -m bench.exports [number of tasks]
"""

import asyncio
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
import psycopg
from tests.long_lists import long_list, store_in_postgres, store_in_sqlite
from tests.postgres import running_postgres
from tests.usage import without_bounds

from todo_adapters.sql.migrations import upgrade
from todo_adapters.sql.postgres.repository import PostgresTaskRepository
from todo_adapters.sql.sqlite.repository import SqliteTaskRepository
from todo_api.schemas.exports import EXPORT_FORMATS
from todo_api.streaming.export import export_parts
from todo_domain import UserId

_USER = UserId("alice")
_OPEN = 10_000
_MEGABYTE = 1_000_000
_Repository = PostgresTaskRepository | SqliteTaskRepository


@contextmanager
def on_sqlite(size: int) -> Iterator[_Repository]:
    """Store a list in an SQLite file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tasks.sqlite3"
        upgrade(f"sqlite:///{path}")
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            store_in_sqlite(connection, _USER, long_list(_USER, open_tasks=_OPEN, size=size))
        yield SqliteTaskRepository(path)


@contextmanager
def on_postgres(size: int) -> Iterator[_Repository]:
    """Store a list in a PostgreSQL database."""
    with running_postgres() as postgres:
        upgrade(postgres.url)
        with psycopg.connect(postgres.url, autocommit=True) as connection:
            store_in_postgres(connection, _USER, long_list(_USER, open_tasks=_OPEN, size=size))
        yield PostgresTaskRepository(postgres.url)


class Delays:
    """How much later than it asked for a task of the event loop gets on."""

    def __init__(self) -> None:
        self._seconds: list[float] = []

    async def measure(self) -> None:
        """Measure until the task is cancelled."""
        while True:
            begun = time.perf_counter()
            await asyncio.sleep(0.001)
            self._seconds.append(time.perf_counter() - begun - 0.001)

    def take_p99(self) -> float:
        """Return the p99 in seconds, and begin again."""
        seconds, self._seconds = sorted(self._seconds), []
        return seconds[len(seconds) * 99 // 100] if seconds else 0.0


async def measure(name: str, repository: _Repository) -> None:
    """Take a snapshot, write it in each format, and print the results."""
    delays, process = Delays(), psutil.Process()
    usage = without_bounds()
    measuring = asyncio.create_task(delays.measure())
    for form_name, form in EXPORT_FORMATS.items():
        written, before = 0, process.memory_info().rss
        begun, processor_begun = time.perf_counter(), time.process_time()
        async with repository, repository.snapshot(_USER) as snapshot:
            taken, processor_taken = time.perf_counter() - begun, time.process_time() - processor_begun
            taking_p99 = delays.take_p99()
            async for part in export_parts(snapshot, form.new(), usage, form.cost):
                written += len(part)
        sent, processor_sent = time.perf_counter() - begun - taken, time.process_time() - processor_begun
        after = process.memory_info().rss
        print(f"{name}, {form_name}: {written / _MEGABYTE:.0f} MB")
        print(f"  taken: {taken:.2f} s, processor {processor_taken:.2f} s, delay p99 {taking_p99 * 1000:.1f} ms")
        processor_sent -= processor_taken
        print(f"  written: {sent:.2f} s, processor {processor_sent:.2f} s, delay p99 {delays.take_p99() * 1000:.1f} ms")
        print(f"  memory: {before / _MEGABYTE:.0f} MB before, {after / _MEGABYTE:.0f} MB after")
    measuring.cancel()


def main() -> None:
    """Measure both databases."""
    size = int(sys.argv[1]) if sys.argv[1:] else 110_000
    for name, storing in (("SQLite", on_sqlite), ("PostgreSQL", on_postgres)):
        with storing(size) as repository:
            asyncio.run(measure(name, repository))


if __name__ == "__main__":
    main()
