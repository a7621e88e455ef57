"""Backups and restores that are killed, and what they leave."""

import multiprocessing
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from multiprocessing.synchronize import Event
from pathlib import Path

from tests.faults.killed_commands import OUTCOMES

from bench.contenders import ROOT
from todo_adapters.sql.sqlite.backup import back_up
from todo_adapters.sql.sqlite.restore import restore

_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
_SPAWN = multiprocessing.get_context("spawn")
Command = Callable[[Path, Path], object]


def killed_at_random(place: Path, kills: int) -> Iterator[tuple[str, bool]]:
    """Kill each command at random times; yield a line for each, and whether only whole files were found.

    `tasks.sqlite3` in `place` has the write-ahead log of a server that was killed; `backup.sqlite3` is older.
    """
    commands: dict[str, tuple[Command, str]] = {
        "restore": (partial(restore, at=_AT), "tasks.sqlite3"),
        "backup": (partial(back_up, overwrite=True), "backup.sqlite3"),
    }
    states = {name: _state(_copied(place, name) / name) for name in ("tasks.sqlite3", "backup.sqlite3")}
    for name, (command, written) in commands.items():
        seconds = _seconds(command, _copied(place, name))
        old, new = states[written], states[{"restore": "backup.sqlite3", "backup": "tasks.sqlite3"}[name]]
        found = [
            _state(_killed(command, _copied(place, name), random.uniform(0, 2 * seconds)) / written)
            for _ in range(kills)
        ]
        counts = f"{found.count(old)} left the old file, {found.count(new)} the new one"
        yield f"{kills} kills of a {name} within {2 * seconds:.2f} s: {counts}", {*found} <= {old, new}


def killed_at_each_step(place: Path) -> Iterator[tuple[str, bool]]:
    """Run `tests.faults.killed_commands`."""
    (place / "steps").mkdir()
    printed = subprocess.run(
        [sys.executable, "-m", "tests.faults.killed_commands", place / "steps"],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout.splitlines()
    for line in dict.fromkeys(printed):
        yield f"{printed.count(line)} kills, each before another step, left {line}", line in OUTCOMES


def _copied(place: Path, name: str) -> Path:
    """Return a new folder with the database, its log and the backup."""
    folder = place / "killed" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for file in ("tasks.sqlite3", "tasks.sqlite3-wal", "backup.sqlite3"):
        shutil.copy(place / file, folder)
    return folder


def _call(command: Command, folder: Path, begun: Event) -> None:
    begun.set()
    command(folder / "tasks.sqlite3", folder / "backup.sqlite3")


def _killed(command: Command, folder: Path, seconds: float) -> Path:
    begun = _SPAWN.Event()
    process = _SPAWN.Process(target=_call, args=(command, folder, begun))
    process.start()
    begun.wait()
    time.sleep(seconds)
    process.kill()
    process.join()
    return folder


def _seconds(command: Command, folder: Path) -> float:
    begun = time.perf_counter()
    command(folder / "tasks.sqlite3", folder / "backup.sqlite3")
    return time.perf_counter() - begun


def _state(file: Path) -> str:
    """Return a digest of a sound database, without its epoch."""
    digest = sha256()
    with closing(sqlite3.connect(file)) as connection:
        if connection.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
            return "damaged"
        for table in ("task_lists", "tasks", "idempotency_keys"):
            for row in connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2"):
                digest.update(repr(row).encode())
    return digest.hexdigest()
