"""Backups and restores that are killed before each step that can change a file.

`python -m tests.faults.killed_commands FOLDER [STRIDE]` prints what kills have left: before each
step, or before one step of STRIDE.
"""

import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any

from tests.integration.adapters.sql.sqlite.copies import NOON, epoch_of, store, titles_in
from todo_adapters.sql.sqlite.backup import back_up
from todo_adapters.sql.sqlite.restore import restore

_STEPS = {"connect", "execute", "backup", "close", "open", "fsync", "mkdir", "chown", "replace", "unlink", "rmdir"}

OUTCOMES = (
    "restore: kept lost old kept",
    "restore: kept new kept",
    "backup: kept of kept lost",
    "backup: kept lost of kept lost",
)
"""The old or the new file: the titles, for a restore with the epoch and the titles after a repetition."""


def main(folder: Path, stride: int = 1) -> None:
    """Print one of OUTCOMES for each kill."""
    pristine = folder / "pristine"
    pristine.mkdir()
    store(folder / "tasks.db", "kept")
    back_up(folder / "tasks.db", pristine / "backup.db")
    store(folder / "tasks.db", "lost", crashed=pristine / "tasks.db")
    epochs = {epoch_of(folder / "tasks.db"): "old"}
    restored = partial(restore, at=NOON)
    for step in _killed(restored, pristine, folder / "restored", stride):
        database, backup = step / "tasks.db", step / "backup.db"
        found = (*titles_in(database), epochs.get(epoch_of(database), "new"))
        restored(database, backup)
        print("restore:", *found, *titles_in(database))  # noqa: T201 - the output
    for step in _killed(partial(back_up, overwrite=True), pristine, folder / "backed-up", stride):
        print("backup:", *titles_in(step / "backup.db"), "of", *titles_in(step / "tasks.db"))  # noqa: T201 - the same


def _killed(command: Callable[[Path, Path], object], pristine: Path, place: Path, stride: int) -> Iterator[Path]:
    """Yield copies of a folder in which the command was killed before its first step, a later step, and so on."""
    for step in count(1, stride):
        folder = shutil.copytree(pristine, place / str(step))
        child = os.fork()
        if not child:
            sys.setprofile(_kill_before(step))
            command(folder / "tasks.db", folder / "backup.db")
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            assert status == 0
            return
        yield folder


def _kill_before(step: int) -> Callable[[FrameType, str, Any], None]:
    remaining = step

    def hook(_: FrameType, event: str, called: Any) -> None:
        nonlocal remaining
        if event == "c_call" and getattr(called, "__name__", "") in _STEPS:
            remaining -= 1
            if not remaining:
                os.kill(os.getpid(), signal.SIGKILL)

    return hook


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
