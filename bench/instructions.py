"""Instructions per request: `python -m bench.instructions`, which needs valgrind.

The time of a request changes with the machine and its load. The number of instructions
that the server executes for it is the same within 1 %, so small differences between
two versions of the code can be measured on any machine. The server runs about 50 times
slower than usual, so what it keeps for some seconds is forgotten between two requests.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.postgres import running_postgres

from bench.contenders import NO_BOUNDS, NotStarted, Server, becomes_healthy, free_port, todo_api
from bench.driver import Job, drive
from bench.tokens import issuer
from bench.workload import OPERATIONS, Workload, seeding

_CONNECTIONS = 16
_TASKS_EACH = 20
_TOTAL = re.compile(rb"^(?:totals|summary): (\d+)", re.MULTILINE)


def main() -> None:
    """Print the instructions per request for each operation."""
    parser = argparse.ArgumentParser(prog="python -m bench.instructions", description=__doc__)
    parser.add_argument("--requests", type=int, default=1600, help="of each operation (default: %(default)s)")
    parser.add_argument("--operations", nargs="+", choices=list(OPERATIONS), default=list(OPERATIONS))
    options = parser.parse_args()
    users = [f"user-{number:03}" for number in range(_CONNECTIONS * 3)]
    with running_postgres() as postgres, postgres.database() as url, issuer("HS256") as tokens:
        environment = {**os.environ, "DATABASE_URL": url, **tokens.environment, **NO_BOUNDS}
        subprocess.run(todo_api("migrate"), env=environment, check=True, stdout=subprocess.DEVNULL)
        workload = Workload(tokens, users, _TASKS_EACH)
        with _running(environment) as (server, measured):
            _send(server, seeding(workload, _CONNECTIONS), 201)
            measured.start()
            for name in options.operations:
                operation = OPERATIONS[name]
                requests = [
                    _repeat(each, options.requests // _CONNECTIONS) for each in workload.of(operation, _CONNECTIONS)
                ]
                _send(server, requests, operation.status)
                measured()
                _send(server, requests, operation.status)
                count = measured() / sum(map(len, requests))
                sys.stdout.write(f"{name:8}{count / 1000:8.1f} thousand instructions\n")
                sys.stdout.flush()


def _repeat(requests: Sequence[str], count: int) -> list[str]:
    return list(requests) * (count // len(requests)) + list(requests[: count % len(requests)])


def _send(server: Server, requests: Sequence[Sequence[str]], status: int) -> None:
    drive(Job(server.port, requests, status, server.pid))


@contextmanager
def _running(environment: dict[str, str]) -> Iterator[tuple[Server, "Counter"]]:
    port = free_port()
    with tempfile.TemporaryDirectory() as directory, (Path(directory) / "log").open("wb") as log:
        callgrind = [
            "valgrind",
            "--tool=callgrind",
            "--instr-atstart=no",
            "--dump-line=no",
            f"--callgrind-out-file={directory}/out",
        ]
        process = subprocess.Popen(
            [*callgrind, sys.executable, *todo_api("serve", "--port", str(port))],
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            if not becomes_healthy(port, process, "/health"):
                raise NotStarted((Path(directory) / "log").read_text())
            yield Server("ours", port, process.pid), Counter(process.pid, Path(directory))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


class Counter:
    """The instructions that a process under callgrind has executed since the last call."""

    def __init__(self, pid: int, directory: Path) -> None:
        self._pid = pid
        self._directory = directory
        self._dumps = 0

    def start(self) -> None:
        """Count from now on; until then the process runs faster."""
        self._control("--instr=on")

    def __call__(self) -> int:
        """Return the number, and restart at 0."""
        self._dumps += 1
        dump = self._directory / f"out.{self._dumps}"
        self._control("--dump")
        found = None
        while not found:
            time.sleep(0.05)
            found = dump.exists() and _TOTAL.search(dump.read_bytes())
        return int(found[1])

    def _control(self, command: str) -> None:
        subprocess.run(
            ["callgrind_control", command, str(self._pid)],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


if __name__ == "__main__":
    main()
