"""Abuse: `python -m bench.abuse` attacks our server as one user, and measures the GETs of others.

Each row is an attack on a server with the default bounds. The goal: the p99 of the others
is below twice its value before the attack or below 10 ms, every GET succeeds, and the
memory grows by at most 100 MiB, during the attack and afterwards. It needs an idle machine.
"""

import argparse
import asyncio
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import uvloop
from tests.postgres import running_postgres

from bench.attacks import ABUSER, ATTACKS, Attack
from bench.contenders import CONTENDERS, NO_BOUNDS, OTHER_CORES, Server, Storage, on_cores, running, todo_api
from bench.driver import Job, drive
from bench.overload import Clients
from bench.tokens import Tokens, issuer
from bench.workload import Workload, http_request

OTHERS = [f"other-{number}" for number in range(20)]
REQUESTS_PER_SECOND = 200
DEFAULT_BOUNDS = dict.fromkeys(NO_BOUNDS, "")
_GOAL_MS = 10.0
_GOAL_MIB = 100.0
_PER_BATCH = 100
_DUE = {"date": "2026-12-01", "time": "17:00", "timezone": "Europe/Berlin"}
_SAMPLE_SECONDS = 0.05


@dataclass(frozen=True)
class Reading:
    """The others' GETs during a time, in ms, and the greatest memory of the server, in MiB."""

    p99: float
    slowest: float
    failed: int
    memory: float


@dataclass(frozen=True)
class Row:
    """The readings before, during and after an attack."""

    before: Reading
    during: Reading
    after: Reading

    @property
    def is_met(self) -> bool:
        """Whether the goal is met."""
        bound = max(2 * self.before.p99, _GOAL_MS)
        return all(
            reading.p99 < bound and not reading.failed and reading.memory - self.before.memory <= _GOAL_MIB
            for reading in (self.during, self.after)
        )


def main() -> None:
    """Print a row for each attack and server."""
    parser = argparse.ArgumentParser(prog="python -m bench.abuse", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=ATTACKS, default=list(ATTACKS), help="these attacks alone")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each reading (default: %(default)s)")
    parser.add_argument("--tasks", type=int, default=100_000, help="of the abuser (default: %(default)s)")
    parser.add_argument("--servers", nargs="+", default=["ours-sqlite", "ours"], choices=["ours-sqlite", "ours"])
    options = parser.parse_args()
    print("                                      p99 of the others, ms   slowest  failed       memory, MiB")
    print(
        "attack               server         before   during    after   during            before  during   after  goal"
    )
    with issuer("HS256") as tokens, on_cores(OTHER_CORES):
        for name in options.servers:
            attacks = {each: ATTACKS[each] for each in options.only if name in ATTACKS[each].servers}
            if attacks:
                with _seeded(name, tokens, options.tasks) as environment:
                    for each, attack in attacks.items():
                        _print(each, name, measured(attack, name, tokens, environment, options.seconds))


def measured(attack: Attack, name: str, tokens: Tokens, environment: Mapping[str, str], seconds: float) -> Row:
    """Measure the others before, during and after an attack on a new server."""
    contender = CONTENDERS[name]
    if attack.descriptors:
        limit = ["prlimit", f"--nofile={attack.descriptors}:{attack.descriptors}"]
        command = contender.command
        contender = replace(contender, command=lambda port, url: [*limit, *command(port, url)])
    requests = [
        http_request("GET", f"/api/{user}/tasks{path}", tokens.token(user)).encode()
        for user in OTHERS
        for path in ("/1", "?limit=20")
    ]
    with running(contender, {**environment, **DEFAULT_BOUNDS}) as server:
        _read(server, requests, seconds / 3)
        before = _read(server, requests, seconds)
        with attack.running(server.port, tokens):
            during = _read(server, requests, seconds)
        _read(server, requests, seconds / 3)
        return Row(before, during, _read(server, requests, seconds))


def _read(server: Server, requests: list[bytes], seconds: float) -> Reading:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_reading(server, requests, seconds))


async def _reading(server: Server, requests: list[bytes], seconds: float) -> Reading:
    memory = 0.0

    async def watch() -> None:
        nonlocal memory
        while True:
            memory = max(memory, psutil.Process(server.pid).memory_info().rss / 2**20)
            await asyncio.sleep(_SAMPLE_SECONDS)

    watching = asyncio.create_task(watch())
    clients = Clients(server.port, requests)
    await clients.load(REQUESTS_PER_SECOND, seconds)
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    every = sorted(each * 1000 for outcome in clients.seconds.values() for each in outcome)
    failed = len(every) - len(clients.seconds.get("200", []))
    return Reading(every[int(len(every) * 0.99)], every[-1], failed, memory)


@contextmanager
def _seeded(name: str, tokens: Tokens, tasks: int) -> Iterator[Mapping[str, str]]:
    """Yield the environment of a server whose abuser has many tasks, and each other user 20."""
    with ExitStack() as stack:
        if CONTENDERS[name].storage is Storage.SQLITE:
            url = str(Path(stack.enter_context(tempfile.TemporaryDirectory())) / "tasks.sqlite3")
        else:
            url = stack.enter_context(stack.enter_context(running_postgres()).database())
        environment = {"DATABASE_URL": url, **tokens.environment}
        if CONTENDERS[name].storage is Storage.MIGRATED:
            subprocess.run(todo_api("migrate"), env=os.environ | environment, check=True, stdout=subprocess.DEVNULL)
        workload = Workload(tokens, OTHERS, 20)
        batch = {
            "operations": [
                {
                    "op": "create",
                    "task": {"title": f"Task {number}", "description": "d" * 200, "due": None if number % 10 else _DUE},
                }
                for number in range(_PER_BATCH)
            ]
        }
        with running(CONTENDERS[name], {**environment, "TODO_MAX_OPEN_TASKS": "0", "TODO_MAX_TASKS": "0"}) as server:
            mine = [http_request("POST", f"/api/{ABUSER}/tasks/batch", tokens.token(ABUSER), batch)] * (
                tasks // _PER_BATCH
            )
            drive(Job(server.port, [mine], 200, server.pid))
            drive(
                Job(
                    server.port, [[workload.seed(user, each) for user in OTHERS for each in range(20)]], 201, server.pid
                )
            )
        yield environment


def _print(attack: str, server: str, row: Row) -> None:
    before, during, after = row.before, row.during, row.after
    print(
        f"{attack:<21}{server:<12}{before.p99:>9.1f}{during.p99:>9.1f}{after.p99:>9.1f}{during.slowest:>9.1f}"
        f"{during.failed + after.failed:>8}{before.memory:>10.0f}{during.memory:>8.0f}{after.memory:>8.0f}"
        f"  {'met' if row.is_met else 'NOT met'}",
        flush=True,
    )


if __name__ == "__main__":
    main()
