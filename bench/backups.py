"""Backups under load: `python -m bench.backups` backs up an SQLite file 20 times while clients write, and checks them.

Each client changes a list of its own and remembers every acknowledged write. In each backup, each
list must have at least the revision of the last write that was acknowledged when the backup began,
and the tasks that its client knows of that revision. Each is restored over the previous one, and a
server on it is used. `cp`, the copy of the file alone, shows what the check finds.

At the end, restores and backups are killed: at random times here, and before each of their
steps by `tests.faults.killed_commands`. Each kill must leave the old or the new file.
"""

import argparse
import asyncio
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import uvloop
from tests.long_lists import long_list, store_in_sqlite

from bench.contenders import OTHER_CORES, on_cores, todo_api
from bench.histories import Client
from bench.kills import killed_at_each_step, killed_at_random
from bench.stages import Program
from bench.tokens import Issuer, issuer
from todo_adapters.sql.migrations import ensure
from todo_domain import UserId

CLIENTS = 8


@dataclass
class Row:
    """What a way to copy has done: the writes that were acknowledged before, and what its copies lack."""

    before: int = 0
    seconds: list[float] = field(default_factory=list)
    lacking: int = 0
    missing: int = 0
    damaged: int = 0

    @property
    def is_met(self) -> bool:
        """Whether each copy was complete."""
        return not self.lacking and not self.damaged


def back_up(database: Path, target: Path) -> None:
    """Run the command."""
    _run("backup", str(target), "--overwrite", database=database)


def cp(database: Path, target: Path) -> None:
    """Copy the file alone."""
    shutil.copyfile(database, target)


_WAYS: dict[str, Callable[[Path, Path], None]] = {"cp": cp, "backup": back_up}


def _run(*arguments: str, database: Path) -> None:
    subprocess.run(
        todo_api(*arguments, "--database", str(database)), cwd=database.parent, check=True, capture_output=True
    )


def main() -> None:
    """Print a row for each way, and the kills."""
    parser = argparse.ArgumentParser(prog="python -m bench.backups", description=__doc__)
    parser.add_argument("--copies", type=int, default=20, help="of each way (default: %(default)s)")
    parser.add_argument("--tasks", type=int, default=20_000, help="stored before (default: %(default)s)")
    parser.add_argument("--kills", type=int, default=40, help="at random times, of each command (default: %(default)s)")
    options = parser.parse_args()
    is_met = True
    with tempfile.TemporaryDirectory(dir="/var/tmp" if Path("/var/tmp").is_dir() else None) as place:
        with issuer("HS256") as tokens, on_cores(OTHER_CORES):
            for way, row in uvloop.run(_measured(Path(place), tokens, options.copies, options.tasks)).items():
                _print(way, row, options.copies)
                is_met &= row.is_met or way == "cp"
        for line, is_right in (*killed_at_random(Path(place), options.kills), *killed_at_each_step(Path(place))):
            print(f"{line}: {'met' if is_right else 'NOT met'}", flush=True)
            is_met &= is_right
    sys.exit(not is_met)


async def _measured(place: Path, tokens: Issuer, copies: int, tasks: int) -> dict[str, Row]:
    database = place / "tasks.sqlite3"
    _fill(database, tasks)
    program = Program({**tokens.environment, "DATABASE_URL": str(database)})
    await asyncio.to_thread(program.start)
    clients = [Client(f"client-{number}", program.port, tokens) for number in range(CLIENTS)]
    rows = {way: Row() for way in _WAYS}
    try:
        async with asyncio.TaskGroup() as group:
            load = [group.create_task(client.run()) for client in clients]
            for number in range(copies):
                for way, copy in _WAYS.items():
                    print(f"{way} {number + 1} of {copies}", end="\r", file=sys.stderr, flush=True)
                    await asyncio.sleep(0.5)
                    await _copy(rows[way], copy, database, place / f"{way}.sqlite3", clients)
                await asyncio.to_thread(_use, place / "backup.sqlite3", place / "restored.sqlite3", clients)
            for task in load:
                task.cancel()
    finally:
        program.kill()
    print(
        f"{sum(len(client.writes) for client in clients):,} writes by {CLIENTS} clients, the longest in "
        f"{max(client.longest_seconds for client in clients):.2f} s; {database.stat().st_size / 1e6:.0f} MB"
    )
    return rows


def _fill(database: Path, tasks: int) -> None:
    ensure(f"sqlite:///{database}")
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        user = UserId("filler")
        store_in_sqlite(connection, user, long_list(user, open_tasks=min(tasks, 1000), size=tasks))


async def _copy(
    row: Row, copy: Callable[[Path, Path], None], database: Path, target: Path, clients: Sequence[Client]
) -> None:
    known = [len(client.writes) for client in clients]
    row.before += sum(known)
    begun = time.perf_counter()
    await asyncio.to_thread(copy, database, target)
    row.seconds.append(time.perf_counter() - begun)
    await _next_writes(clients)
    try:
        missing = await asyncio.to_thread(_missing, target, clients, known)
    except (sqlite3.DatabaseError, _Damaged) as error:
        print(f"{target.name}: {error}", file=sys.stderr)
        row.damaged += 1
    else:
        row.lacking += bool(missing)
        row.missing += missing


async def _next_writes(clients: Sequence[Client]) -> None:
    """Wait until each client knows the response to the write that the copy may have."""
    counts = [len(client.writes) for client in clients]
    while any(len(client.writes) == count for client, count in zip(clients, counts, strict=True)):  # noqa: ASYNC110
        await asyncio.sleep(0.01)


class _Damaged(Exception):
    """Raised when a copy has something else than a client knows."""


def _missing(database: Path, clients: Sequence[Client], known: Sequence[int]) -> int:
    """Compare each list with what its client knows, and return how many acknowledged writes are missing."""
    with closing(sqlite3.connect(database)) as connection:
        if (found := connection.execute("PRAGMA integrity_check").fetchone()) != ("ok",):
            raise _Damaged(found)
        revisions = Counter(dict(connection.execute("SELECT user_id, revision FROM task_lists").fetchall()))
        for client in clients:
            tasks = connection.execute(
                "SELECT id, title, revision FROM tasks WHERE user_id = ? AND deleted_at IS NULL ORDER BY id",
                [client.user],
            ).fetchall()
            expected = client.tasks_at(revisions[client.user])
            if tasks != [(task["id"], task["title"], task["revision"]) for task in expected]:
                raise _Damaged(f"{client.user} has another list at revision {revisions[client.user]}")
    return sum(max(0, before - revisions[client.user]) for client, before in zip(clients, known, strict=True))


def _use(backup: Path, database: Path, clients: Sequence[Client]) -> None:
    """Restore a backup, and read and change the lists of a server on it."""
    _run("restore", str(backup), database=database)
    program = Program({**clients[0].tokens.environment, "DATABASE_URL": str(database)})
    program.start()
    try:
        for client in clients:
            headers = {"Authorization": f"Bearer {client.tokens.token(client.user)}"}
            base = f"http://127.0.0.1:{program.port}/api/{client.user}"
            with httpx.Client(base_url=base, headers=headers, timeout=30) as user:
                found = user.get("/tasks").raise_for_status().json()
                assert found["tasks"] == client.tasks_at(found["revision"])
                added = user.post("/tasks", json={"title": "after"}).raise_for_status().json()
                assert added["revision"] > len(client.writes)
                assert user.get("/tasks").raise_for_status().json()["tasks"] == [*found["tasks"], added]
    finally:
        program.kill()


def _print(way: str, row: Row, copies: int) -> None:
    print(
        f"{way}: {copies} copies in {min(row.seconds):.2f} to {max(row.seconds):.2f} s, each after "
        f"{row.before / copies:,.0f} writes on average; {row.lacking} lack writes ({row.missing} in all), "
        f"{row.damaged} are damaged: "
        f"{'met' if row.is_met else 'NOT met'}",
        flush=True,
    )


if __name__ == "__main__":
    main()
