"""Notice that an SQLite file was deleted, replaced or truncated while it is open."""

import os
from pathlib import Path
from threading import Lock

from todo_domain import StorageUnavailable


class FileIdentity:
    """The file that a path led to when this object was created, and whether it still does.

    It only calls `stat`: opening and closing the file would release the locks that SQLite
    holds on it in this process. Its size never decreases, because nothing vacuums it.
    """

    def __init__(self, path: Path) -> None:
        self._path = os.fspath(path.resolve())
        found = self._stat()
        self._device_and_inode = found.st_dev, found.st_ino
        self._size = found.st_size
        self._is_lost = False
        # Of two threads, the one that compares last may have called `stat` first, and the file may have grown since.
        self._lock = Lock()

    def verify(self) -> None:
        """Raise StorageUnavailable, from then on always, if the path does not lead to the whole file any more."""
        with self._lock:
            try:
                found = self._stat()
            except OSError:
                self._is_lost = True
            else:
                is_same = (found.st_dev, found.st_ino) == self._device_and_inode
                self._is_lost |= not is_same or found.st_size < self._size
                self._size = found.st_size
        self.require()

    def _stat(self) -> os.stat_result:
        return os.stat(self._path)  # noqa: PTH116 - before every commit, and a Path doubles its time

    def require(self) -> None:
        """Raise StorageUnavailable if `verify` has ever raised it. This costs no system call."""
        if self._is_lost:
            raise StorageUnavailable(
                f"{self._path} was deleted, replaced or truncated: restore it and restart the server"
            )
