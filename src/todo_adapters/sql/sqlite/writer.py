"""The thread that does all writes to an SQLite file and commits waiting writes together."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Final, TypeVar

from todo_domain import StorageUnavailable

_GROUP: Final = 128
"""The most writes in one commit. While one group is committed, the next one collects."""

T = TypeVar("T")
Write = Callable[[sqlite3.Connection], T]
"""A function to call in a transaction. If it raises, its changes are rolled back."""


@dataclass(slots=True, eq=False)
class _Waiting:
    """A pending write, the future that its caller awaits, and its result or error."""

    write: Write[Any]
    finished: asyncio.Future[None]
    result: Any = None
    error: BaseException | None = None


class SqliteWriter:
    """Runs writes one after the other, each isolated; a call returns when its write is on disk.

    Create it and use it in one event loop. If a waiting caller is cancelled, its write
    may still be done.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._gathered: list[_Waiting] = []
        self._waiting: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._closed = False
        # A daemon may be killed at exit: only writes whose calls have not returned can be lost.
        self._thread = Thread(target=self._run, name="sqlite-writer", daemon=True)
        self._thread.start()

    async def run(self, write: Write[T]) -> T:
        """Return the result of the write when it is durable, or raise its error.

        Raises StorageUnavailable for an error of SQLite; then nothing was written.
        """
        if self._closed:
            raise StorageUnavailable("the repository is closed")
        waiting = _Waiting(write, self._loop.create_future())
        if not self._gathered:
            # If handed over now, this write would be committed alone; wait for others of the same loop iteration.
            self._loop.call_soon(self._hand_over)
        self._gathered.append(waiting)
        await waiting.finished
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
        await asyncio.to_thread(self._thread.join)

    def _hand_over(self) -> None:
        for waiting in self._gathered:
            self._waiting.put(waiting)
        self._gathered.clear()

    def _run(self) -> None:
        while first := self._waiting.get():
            group = self._group_of(first)
            self._commit(group)
            self._loop.call_soon_threadsafe(_wake, group)
        self._connection.close()

    def _group_of(self, first: _Waiting) -> list[_Waiting]:
        """Return the writes that are waiting now, without waiting for more."""
        group = [first]
        with suppress(Empty):
            while len(group) < _GROUP:
                waiting = self._waiting.get_nowait()
                if waiting is None:
                    self._waiting.put(None)
                    break
                group.append(waiting)
        return group

    def _commit(self, group: list[_Waiting]) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for waiting in group:
                self._attempt(waiting)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            with suppress(sqlite3.Error):
                self._connection.rollback()
            for waiting in group:
                waiting.error = error

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
