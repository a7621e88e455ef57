import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.callers import Callers
from todo_adapters.sql.sqlite import writer
from todo_adapters.sql.sqlite.file import connect_reader, connect_writer
from todo_adapters.sql.sqlite.identity import FileIdentity
from todo_adapters.sql.sqlite.log_limit import LogLimit
from todo_adapters.sql.sqlite.writer import MAX_GROUP, SqliteWriter
from todo_domain import StorageUnavailable

pytestmark = pytest.mark.anyio

Write = Callable[[sqlite3.Connection], None]


class Ruin(BaseException):
    """An error that no code expects."""


class Stage:
    """A writer on a table of numbers, and a record of its statements."""

    def __init__(self, path: Path, timeout_seconds: float = 60) -> None:
        self.path = path
        path.touch()
        connection = connect_writer(path)
        connection.execute("PRAGMA busy_timeout = 10")  # milliseconds
        connection.executescript("""
            CREATE TABLE number (n INTEGER PRIMARY KEY);
            CREATE TABLE debt (n INTEGER REFERENCES number DEFERRABLE INITIALLY DEFERRED);
            PRAGMA foreign_keys = ON;
        """)
        self.statements: list[str] = []
        self.has_begun = threading.Event()
        connection.set_trace_callback(self._trace)
        log_limit = LogLimit(connection, path, lambda: None)
        self.callers = Callers()
        admission = self.callers.admission(MAX_GROUP)
        self.writer = SqliteWriter(
            connection, FileIdentity(path), log_limit, admission, timeout_seconds=timeout_seconds
        )

    def _trace(self, statement: str) -> None:
        self.statements.append(statement)
        self.has_begun.set()

    @property
    def numbers(self) -> list[int]:
        """The numbers that another connection sees."""
        with closing(connect_reader(self.path)) as reader:
            return [n for (n,) in reader.execute("SELECT n FROM number ORDER BY n")]

    async def together(self, *writes: Write) -> list[BaseException | None]:
        """Run the writes as one group and return their errors; an extra write blocks the thread until all wait."""
        holds, all_wait = threading.Event(), threading.Event()

        def hold(_: sqlite3.Connection) -> None:
            holds.set()
            all_wait.wait()

        first = asyncio.create_task(self.writer.run(hold))
        await asyncio.to_thread(holds.wait)
        others = [asyncio.create_task(self.writer.run(write)) for write in writes]
        await asyncio.sleep(0)
        all_wait.set()
        await first
        return await asyncio.gather(*others, return_exceptions=True)


@pytest.fixture
async def stage(anyio_backend: str, tmp_path: Path) -> AsyncIterator[Stage]:  # noqa: ARG001 - runs this fixture
    stage = Stage(tmp_path / "numbers.db")
    yield stage
    await stage.writer.close()


@pytest.fixture
async def hasty_stage(anyio_backend: str, tmp_path: Path) -> AsyncIterator[Stage]:  # noqa: ARG001 - runs this fixture
    """A stage whose calls have a deadline after 50 ms."""
    stage = Stage(tmp_path / "numbers.db", timeout_seconds=0.05)
    yield stage
    await stage.writer.close()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the write lock, as another program would."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def insert(n: int, then: BaseException | None = None) -> Write:
    def write(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO number VALUES (?)", [n])
        if then:
            raise then

    return write


def incur_debt(connection: sqlite3.Connection) -> None:
    """Break a constraint that only the commit checks."""
    connection.execute("INSERT INTO debt VALUES (404)")


def end_the_transaction(connection: sqlite3.Connection) -> None:
    """End the transaction and raise, as SQLite does when the disk is full."""
    connection.execute("ROLLBACK")
    raise sqlite3.OperationalError("disk full")


async def test_a_write_returns_after_its_commit(stage: Stage) -> None:
    await stage.writer.run(insert(1))

    assert stage.statements == [
        "BEGIN IMMEDIATE",
        "SAVEPOINT write",
        "INSERT INTO number VALUES (1)",
        "RELEASE write",
        "COMMIT",
    ]


async def test_waiting_writes_share_a_commit(stage: Stage) -> None:
    await stage.together(*(insert(n) for n in range(20)))

    assert stage.statements.count("COMMIT") == 2
    assert stage.numbers == list(range(20))


async def test_writes_of_one_loop_iteration_share_a_commit(stage: Stage) -> None:
    await asyncio.gather(*(stage.writer.run(insert(n)) for n in range(20)))

    assert stage.statements.count("COMMIT") == 1


async def test_a_group_has_128_writes_at_most(stage: Stage) -> None:
    await stage.together(*(insert(n) for n in range(129)))

    assert stage.statements.count("COMMIT") == 3
    assert stage.numbers == list(range(129))


@pytest.mark.parametrize("error", [ValueError("no"), Ruin(), StopIteration()], ids=repr)
async def test_a_failed_write_changes_nothing_and_does_not_affect_others(stage: Stage, error: BaseException) -> None:
    outcomes = await stage.together(insert(1), insert(2, then=error), insert(3))

    assert outcomes[0] is outcomes[2] is None
    assert error in (outcomes[1], getattr(outcomes[1], "__cause__", None))
    assert stage.numbers == [1, 3]


async def test_a_failed_statement_raises_storage_unavailable_for_its_caller_only(stage: Stage) -> None:
    outcomes = await stage.together(insert(1), insert(1), insert(2))

    assert [type(outcome) for outcome in outcomes] == [type(None), StorageUnavailable, type(None)]
    assert stage.numbers == [1, 2]


@pytest.mark.parametrize("disaster", [incur_debt, end_the_transaction])
async def test_a_group_that_cannot_be_committed_fails_as_a_whole(stage: Stage, disaster: Write) -> None:
    outcomes = await stage.together(insert(1), disaster, insert(2))

    assert [type(outcome) for outcome in outcomes] == [StorageUnavailable] * 3
    assert stage.numbers == []


@pytest.mark.parametrize("disaster", [incur_debt, end_the_transaction])
async def test_a_write_after_a_failed_group_succeeds(stage: Stage, disaster: Write) -> None:
    await stage.together(disaster)

    await stage.writer.run(insert(1))

    assert stage.numbers == [1]


async def test_uncommitted_writes_are_not_visible(stage: Stage) -> None:
    written, seen = threading.Event(), threading.Event()

    def write(connection: sqlite3.Connection) -> None:
        insert(1)(connection)
        written.set()
        seen.wait()

    writing = asyncio.create_task(stage.writer.run(write))
    await asyncio.to_thread(written.wait)
    before = stage.numbers
    seen.set()
    await writing

    assert (before, stage.numbers) == ([], [1])


async def test_a_cancelled_caller_does_not_affect_others(stage: Stage) -> None:
    held = threading.Event()
    first = asyncio.create_task(stage.writer.run(lambda _: held.wait()))
    impatient = asyncio.create_task(stage.writer.run(insert(1)))
    patient = asyncio.create_task(stage.writer.run(insert(2)))
    await asyncio.sleep(0)

    impatient.cancel()
    held.set()
    await asyncio.gather(first, patient, return_exceptions=True)
    await asyncio.wait([impatient])

    assert impatient.cancelled()
    assert stage.numbers == [2]


async def test_a_write_that_has_not_begun_at_its_deadline_is_withdrawn(hasty_stage: Stage) -> None:
    blocked, resumed = threading.Event(), threading.Event()

    def block(connection: sqlite3.Connection) -> None:
        insert(1)(connection)
        blocked.set()
        resumed.wait()

    first = asyncio.create_task(hasty_stage.writer.run(block))
    await asyncio.to_thread(blocked.wait)
    second = asyncio.create_task(hasty_stage.writer.run(insert(2)))
    outcomes = await asyncio.gather(first, second, return_exceptions=True)
    resumed.set()
    await hasty_stage.writer.run(insert(3))

    assert [type(outcome) for outcome in outcomes] == [StorageUnavailable] * 2
    # The first one had begun. So its caller could not know that it would be done.
    assert hasty_stage.numbers == [1, 3]


async def test_a_write_waits_for_the_lock_of_another_program(stage: Stage) -> None:
    with locked(stage.path):
        writing = asyncio.create_task(stage.writer.run(insert(1)))
        await asyncio.to_thread(stage.has_begun.wait)

    await writing
    assert stage.numbers == [1]


async def test_the_wait_for_the_lock_of_another_program_ends_with_its_calls(hasty_stage: Stage) -> None:
    with locked(hasty_stage.path), pytest.raises(StorageUnavailable, match="in time"):
        await hasty_stage.writer.run(insert(1))

    await hasty_stage.writer.run(insert(2))
    assert hasty_stage.numbers == [2]


async def test_closing_ends_the_wait_for_the_lock_of_another_program(stage: Stage) -> None:
    with locked(stage.path):
        writing = asyncio.create_task(stage.writer.run(insert(1)))
        await asyncio.sleep(0)
        await stage.writer.close()

        with pytest.raises(StorageUnavailable, match="locked"):
            await writing


async def test_closing_does_not_wait_for_a_write_that_never_ends(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "_CLOSE_SECONDS", 0.05)
    resumed = threading.Event()
    writing = asyncio.create_task(stage.writer.run(lambda _: resumed.wait()))
    await asyncio.sleep(0)

    await stage.writer.close()

    assert not writing.done()
    resumed.set()
    assert await writing


async def test_a_write_to_a_file_that_is_gone_is_refused(stage: Stage) -> None:
    stage.path.rename(stage.path.with_name("moved.db"))

    with pytest.raises(StorageUnavailable, match="was deleted"):
        await stage.writer.run(insert(1))

    assert "COMMIT" not in stage.statements


async def test_closing_finishes_pending_writes_and_refuses_new_ones(stage: Stage) -> None:
    writes = [asyncio.create_task(stage.writer.run(insert(n))) for n in range(200)]
    await asyncio.sleep(0)

    await stage.writer.close()

    await asyncio.gather(*writes)
    assert stage.numbers == list(range(200))
    with pytest.raises(StorageUnavailable, match="closed"):
        await stage.writer.run(insert(200))


async def test_the_figures_tell_groups_their_writes_and_the_size_of_the_log(stage: Stage) -> None:
    await stage.together(insert(1), insert(2), insert(3))
    log = stage.path.with_name(f"{stage.path.name}-wal")
    size = log.stat().st_size

    figures = stage.writer.figures()
    log.unlink()

    assert (figures["sqlite_commits", ""], figures["sqlite_writes", ""]) == (2, 4)  # the first one blocks the thread
    assert (figures["sqlite_wal_bytes", ""], figures["queue_waits", "writer"]) == (size, 4)
    assert stage.writer.figures()["sqlite_wal_bytes", ""] == 0
