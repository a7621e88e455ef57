"""The thread that does all writes to an SQLite file and commits waiting writes together."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any, Final, TypeVar

from todo_adapters.sql.admission import Admission, Figures, WaitingCall
from todo_adapters.sql.sqlite.identity import FileIdentity
from todo_adapters.sql.sqlite.log_limit import LogLimit
from todo_domain import StorageOverloaded, StorageUnavailable

MAX_GROUP: Final = 128
"""The most writes in one commit. While one group is committed, the next one collects."""

_GROUP_SECONDS: Final = 0.05

_CLOSE_SECONDS: Final = 3.0

T = TypeVar("T")
Write = Callable[[sqlite3.Connection], T]
"""A function to call in a transaction. If it raises, its changes are rolled back."""


@dataclass(slots=True, eq=False)
class _Waiting:
    """A pending write, its place in the queue, the future that its caller awaits, and its result or error.

    The future is done early when the caller is cancelled or its deadline has passed.
    """

    write: Write[Any]
    call: WaitingCall
    finished: asyncio.Future[None]
    result: Any = None
    error: BaseException | None = None

    def try_begin(self) -> bool:
        """Leave the queue, and return whether the write is to be done."""
        if self.finished.done():
            self.call.withdraw()
            return False
        try:
            self.call.begin()
        except StorageOverloaded as error:
            self.error = error
            return False
        return True

    def expire(self) -> None:
        """Raise StorageUnavailable for the caller if the write is not finished."""
        with suppress(asyncio.InvalidStateError):
            self.finished.set_exception(StorageUnavailable("SQLite: the write was not finished in time"))


class SqliteWriter:
    """Runs writes one after the other, each isolated; a call returns when its write is on disk.

    Create it and use it in one event loop.

    What ends each wait:

    - a call: its deadline, `timeout_seconds` after it began, or the cancellation of its
      caller. A write that has not begun is then withdrawn; a write that has begun may still
      be committed, with its group. The caller can't tell which.
    - the thread's wait for a lock of another program: the end of all calls of the group, or
      `close`
    - the thread's wait for readers, in a checkpoint: see LogLimit
    - `close`: the end of the pending writes, but at most 3 s

    When the writes of a group take long, the next groups are smaller, so that a write waits
    in the queue, where it may be refused (see Admission), and not in its group.

    Only the operating system ends a wait for the disk. The thread is a daemon, so it does
    not keep the process.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        identity: FileIdentity,
        log_limit: LogLimit,
        admission: Admission,
        *,
        timeout_seconds: float,
    ) -> None:
        self._connection = connection
        self._identity = identity
        self._log_limit = log_limit
        self._admission = admission
        self._timeout_seconds = timeout_seconds
        self._loop = asyncio.get_running_loop()
        self._gathered: list[_Waiting] = []
        self._waiting: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._handing_over = Lock()
        self._group_size = MAX_GROUP
        self._commits = self._writes = 0
        self._closed = False
        # A daemon may be killed at exit: only writes whose calls have not returned can be lost.
        self._thread = Thread(target=self._run, name="sqlite-writer", daemon=True)
        self._thread.start()

    async def run(self, write: Write[T]) -> T:
        """Return the result of the write when it is durable, or raise its error.

        Raises StorageUnavailable at the deadline, for an error of SQLite, and when the file
        is not in its place any more. Raises StorageOverloaded if the write was not begun,
        because it would wait too long or its caller is gone.
        """
        if self._closed:
            raise StorageUnavailable("the repository is closed")
        waiting = _Waiting(write, self._admission.join(), self._loop.create_future())
        if not self._gathered:
            # If handed over now, this write would be committed alone; wait for others of the same loop iteration.
            self._loop.call_soon(self._hand_over)
        self._gathered.append(waiting)
        deadline = self._loop.call_later(self._timeout_seconds, waiting.expire)
        try:
            await waiting.finished
        finally:
            deadline.cancel()
        if isinstance(waiting.error, sqlite3.Error):
            raise StorageUnavailable(f"SQLite: {waiting.error}") from waiting.error
        if waiting.error:
            raise waiting.error
        result: T = waiting.result
        return result

    async def close(self) -> None:
        """Finish the pending writes, refuse new ones, and close the connection."""
        self._closed = True
        self._hand_over()
        self._waiting.put(None)
        await asyncio.to_thread(self._thread.join, _CLOSE_SECONDS)

    def figures(self) -> Figures:
        """Return how many groups of writes were committed, the size of the log, and the figures of the queue."""
        return {
            ("sqlite_commits", ""): self._commits,
            ("sqlite_writes", ""): self._writes,
            ("sqlite_wal_bytes", ""): self._log_limit.log_bytes(),
            **self._admission.figures("writer"),
        }

    def _hand_over(self) -> None:
        with self._handing_over:
            for waiting in self._gathered:
                self._waiting.put(waiting)
        self._gathered.clear()

    def _run(self) -> None:
        while first := self._waiting.get():
            group = self._group_of(first)
            if begun := [waiting for waiting in group if waiting.try_begin()]:
                self._commit(begun)
            self._loop.call_soon_threadsafe(_wake, group)
            self._log_limit.enforce()
        self._connection.close()

    def _group_of(self, first: _Waiting) -> list[_Waiting]:
        """Return the writes that are waiting now, without waiting for more."""
        group = [first]
        with self._handing_over:
            pass  # all writes of the loop iteration of the first are in the queue now
        with suppress(Empty):
            while len(group) < self._group_size:
                waiting = self._waiting.get_nowait()
                if waiting is None:
                    self._waiting.put(None)
                    break
                group.append(waiting)
        return group

    def _commit(self, group: list[_Waiting]) -> None:
        try:
            self._identity.verify()
            self._begin(group)
            begun = self._admission.now()
            for waiting in group:
                if not waiting.finished.done():
                    self._attempt(waiting)
            written = self._admission.now()
            self._connection.execute("COMMIT")
            self._commits += 1
            self._writes += len(group)
            self._set_group_size(len(group), written - begun, self._admission.now() - written)
        except (sqlite3.Error, StorageUnavailable) as error:
            with suppress(sqlite3.Error):
                self._connection.rollback()
            for waiting in group:
                waiting.error = error

    def _set_group_size(self, count: int, writing_seconds: float, commit_seconds: float) -> None:
        """Let the writes of a group take 50 ms, or as long as its commit; groups grow when they are full."""
        max_seconds = max(_GROUP_SECONDS, commit_seconds)
        if writing_seconds > max_seconds:
            self._group_size = max(1, int(count * max_seconds / writing_seconds))
        elif count >= self._group_size:
            self._group_size = min(MAX_GROUP, 2 * self._group_size)
        self._admission.size = self._group_size

    def _begin(self, group: list[_Waiting]) -> None:
        """Begin a transaction. While another program locks the file, try again as long as a caller waits."""
        while True:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                if not is_busy or self._closed or all(waiting.finished.done() for waiting in group):
                    raise
            else:
                return

    def _attempt(self, waiting: _Waiting) -> None:
        """Do one write, or roll it back. Raises the errors of SQLite that end the whole transaction."""
        self._connection.execute("SAVEPOINT write")
        try:
            waiting.result = waiting.write(self._connection)
        except BaseException as error:  # noqa: BLE001 - any error belongs to the caller; the thread must continue
            waiting.error = error
            self._connection.execute("ROLLBACK TO write")
        self._connection.execute("RELEASE write")


def _wake(group: list[_Waiting]) -> None:
    for waiting in group:
        if not waiting.finished.done():
            waiting.finished.set_result(None)
