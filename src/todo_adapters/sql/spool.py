"""Rows in a temporary file: written at the database's speed, and read later at the caller's."""

import pickle
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from tempfile import TemporaryFile
from threading import Lock
from typing import IO, Any

from todo_domain import Kind, StorageOverloaded, StorageUnavailable


class Space:
    """How many bytes all spools together may use; 0 means no bound. Any thread may call it."""

    def __init__(self, max_bytes: int) -> None:
        self._lock = Lock()
        self._max_bytes = max_bytes or sys.maxsize
        self.used_bytes = 0

    def take(self, count: int) -> None:
        """Use so many bytes. Raises StorageOverloaded."""
        with self._lock:
            if self.used_bytes + count > self._max_bytes:
                raise StorageOverloaded(f"snapshots use at most {self._max_bytes} bytes of temporary files")
            self.used_bytes += count

    def give_back(self, count: int) -> None:
        """Free so many bytes."""
        with self._lock:
            self.used_bytes -= count


class Spool:
    """Rows in a file without a name, which the system deletes with the process. Raises StorageUnavailable.

    The methods block, so call them in a thread. One thread may still write while another one closes the
    file: the write then raises StorageUnavailable.
    """

    def __init__(self, space: Space) -> None:
        self._space = space
        self._lock = Lock()
        self._used_bytes = 0
        with _explained():
            self._file = TemporaryFile(prefix="todo-api-")  # noqa: SIM115 - `close` closes it

    def close(self) -> None:
        """Delete the file, and free its space."""
        with self._lock:
            self._space.give_back(self._used_bytes)
            with suppress(OSError):  # closing tries again to write what did not fit on a full disk
                self._file.close()

    def clear(self) -> None:
        """Drop what was written."""
        with self._in_use() as file:
            self._space.give_back(self._used_bytes)
            self._used_bytes = 0
            file.seek(0)
            file.truncate()

    def write(self, kind: Kind, rows: Any) -> None:
        """Append rows of a kind, in any form. Raises StorageOverloaded if there is no space."""
        written = pickle.dumps((kind.value, rows))
        with self._in_use() as file:
            self._space.take(len(written))
            self._used_bytes += len(written)
            file.write(written)

    def rewind(self) -> None:
        """End the writing, and read from the start."""
        with self._in_use() as file:
            file.seek(0)  # it writes what is buffered

    def read(self) -> tuple[Kind, Any] | None:
        """Return the rows of the next `write`, and their kind; None at the end."""
        with self._in_use() as file:
            try:
                kind, rows = pickle.load(file)  # noqa: S301 - only this process can write the file
            except EOFError:
                return None
            return Kind(kind), rows

    @contextmanager
    def _in_use(self) -> Iterator[IO[bytes]]:
        with self._lock, _explained():
            if self._file.closed:
                raise StorageUnavailable("the snapshot was given up")
            yield self._file


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageUnavailable(f"the temporary file of a snapshot can't be used: {error.strerror}") from error
