import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from todo_adapters.sql.sqlite.readers import SqliteReader
from todo_domain import StorageUnavailable

pytestmark = pytest.mark.anyio

COUNT = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :last) SELECT max(i) FROM n"


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[SqliteReader]:
    (tmp_path / "todo.db").touch()
    reader = SqliteReader(tmp_path / "todo.db")
    yield reader
    reader.close()


@pytest.mark.parametrize(
    ("last", "order"), [(10, ["read", "loop"]), (100_000, ["loop", "read"])], ids=["short", "long"]
)
async def test_a_short_read_runs_in_the_event_loop_and_a_long_one_in_a_thread(
    reader: SqliteReader, last: int, order: list[str]
) -> None:
    seen: list[str] = []
    asyncio.get_running_loop().call_soon(seen.append, "loop")

    rows = await reader.read(COUNT, {"last": last})
    seen.append("read")
    await asyncio.sleep(0)

    assert rows == [(last,)]
    assert seen == order


async def test_a_short_read_after_a_long_one_is_short_again(reader: SqliteReader) -> None:
    await reader.read(COUNT, {"last": 100_000})
    reading = reader.read(COUNT, {"last": 10})

    with pytest.raises(StopIteration) as done:  # a coroutine that never waits ends at its first step
        reading.send(None)

    assert done.value.value == [(10,)]


@pytest.mark.parametrize("sql", ["SELECT nothing", "DROP TABLE nothing"])
async def test_an_error_of_sqlite_is_storage_unavailable(reader: SqliteReader, sql: str) -> None:
    with pytest.raises(StorageUnavailable):
        await reader.read(sql, {})


async def test_a_closed_reader_is_storage_unavailable(reader: SqliteReader) -> None:
    reader.close()

    with pytest.raises(StorageUnavailable):
        await reader.read("SELECT 1", {})
