"""The thread that does all writes to an SQLite file, and commits those that wait in one go."""

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
"""How many operations share a commit at most. While one group is synced the next one gathers."""

T = TypeVar("T")
Write = Callable[[sqlite3.Connection], T]
"""What to do in a transaction; when it raises, nothing of it stays."""


@dataclass(slots=True, eq=False)
class _Waiting:
    """A write, its caller, and what came of it."""

    write: Write[Any]
    answered: asyncio.Future[None]
    result: Any = None
    error: BaseException | None = None


class SqliteWriter:
    """Runs writes one after the other, each as if alone, and answers when they are on disk.

    Make it and use it in one event loop. A caller that is cancelled while it waits
    may find its write done.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._gathered: list[_Waiting] = []
        self._waiting: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._closed = False
        # A daemon: a process that ends without closing has answered for what is committed, and for no more.
        self._thread = Thread(target=self._run, name="sqlite-writer", daemon=True)
        self._thread.start()

    async def run(self, write: Write[T]) -> T:
        """Return what the write returns, once it is durable, or raise what it raises.

        Raises StorageUnavailable for an error of SQLite: then nothing was written.
        """
        if self._closed:
            raise StorageUnavailable("the repository is closed")
        waiting = _Waiting(write, self._loop.create_future())
        if not self._gathered:
            # The thread would begin at once with this one alone, and leave the others of this moment for later.
            self._loop.call_soon(self._hand_over)
        self._gathered.append(waiting)
        await waiting.answered
        if isinstance(waiting.error, sqlite3.Error):
            raise StorageUnavailable(f"SQLite: {waiting.error}") from waiting.error
        if waiting.error:
            raise waiting.error
        result: T = waiting.result
        return result

    async def close(self) -> None:
        """Finish what waits, take no more, and close the connection."""
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
            self._loop.call_soon_threadsafe(_answer, group)
        self._connection.close()

    def _group_of(self, first: _Waiting) -> list[_Waiting]:
        """Return what waits at this moment; nothing is waited for."""
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
        """Do one write, or nothing of it. SQLite's worst errors end the whole transaction, and are raised here."""
        self._connection.execute("SAVEPOINT write")
        try:
            waiting.result = waiting.write(self._connection)
        except BaseException as error:  # noqa: BLE001 - it is the caller's, whatever it is; the thread goes on
            waiting.error = error
            self._connection.execute("ROLLBACK TO write")
        self._connection.execute("RELEASE write")


def _answer(group: list[_Waiting]) -> None:
    for waiting in group:
        if not waiting.answered.done():
            waiting.answered.set_result(None)
