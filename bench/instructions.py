"""Count the instructions that one request costs the server: `python -m bench.instructions`.

Runs `todo-api serve` on SQLite under `valgrind --tool=callgrind` and sends a fixed number of requests over
one connection. Counts of user-space instructions repeat within about 0.5 %, where times vary by 10 %.
Needs valgrind (Debian's package).
"""

import argparse
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

_USER: Final = "alice"
_TASKS: Final = f"/api/{_USER}/tasks"
_SECRET: Final = "instructions-counted-by-callgrind-1"
_START_SECONDS: Final = 120
_WARM_UP: Final = 40
_LISTED: Final = 20


class _Server:
    """`todo-api serve` under callgrind, on a database of its own."""

    def __init__(self, directory: Path, port: int) -> None:
        self._out = directory / "callgrind.out"
        environment = {
            **os.environ,
            "PYTHONHASHSEED": "0",
            "BETTER_AUTH_SECRET": _SECRET,
            "DATABASE_URL": f"sqlite:///{directory / 'tasks.db'}",
            "TODO_PORT": str(port),
        }
        environment.pop("COVERAGE_PROCESS_START", None)
        command = [
            *("valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={self._out}"),
            *("--vgdb-prefix=" + str(directory / "vgdb"), sys.executable, "-m", "todo_api.cli.start"),
        ]
        command[-2:] = ["-c", "from todo_api.cli.start import main; main()"]
        with (directory / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [*command, "serve", "--port", str(port)], env=environment, stdout=log, stderr=log
            )
        self._vgdb_prefix = directory / "vgdb"
        self.token = subprocess.run(
            [sys.executable, "-c", "from todo_api.cli.start import main; main()", "token", "--user", _USER],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        self.connection = _connected(port)

    def count(self, run: Callable[[], None]) -> int:
        """Return the instructions that the server needs while `run` runs."""
        self._control("-z")
        run()
        self._control("-d")
        files = sorted(self._out.parent.glob("callgrind.out.*"), key=lambda path: int(path.suffix[1:]))
        found = re.search(r"^(?:totals|summary): (\d+)", files[-1].read_text(), re.MULTILINE)
        assert found, "callgrind wrote no total"
        return int(found[1])

    def instrument(self) -> None:
        """Begin to count."""
        self._control("-i", "on")

    def stop(self) -> None:
        """End the server."""
        self.connection.close()
        self._process.terminate()
        self._process.wait(60)

    def _control(self, *options: str) -> None:
        subprocess.run(
            ["callgrind_control", f"--vgdb-prefix={self._vgdb_prefix}", *options, str(self._process.pid)],
            check=True,
            capture_output=True,
        )


def _connected(port: int) -> http.client.HTTPConnection:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.connect()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return connection


def measure(requests: int) -> dict[str, float]:
    """Return thousands of instructions a request, by the operation."""
    with tempfile.TemporaryDirectory() as name, socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
        free.close()
        server = _Server(Path(name), port)

        def send(method: str, path: str, body: object = None) -> None:
            headers = {"Authorization": f"Bearer {server.token}"}
            content = None
            if body is not None:
                headers["Content-Type"], content = "application/json", json.dumps(body)
            try:
                server.connection.request(method, path, content, headers)
                response = server.connection.getresponse()
            except http.client.RemoteDisconnected:  # a busy machine outlasted the keep-alive timeout
                server.connection.close()
                server.connection.request(method, path, content, headers)
                response = server.connection.getresponse()
            response.read()
            assert response.status < 300, response.status

        operations: dict[str, Callable[[int], None]] = {
            "POST": lambda n: send("POST", _TASKS, {"title": f"Task {n}", "tags": ["home"], "priority": "high"}),
            "GET": lambda n: send("GET", f"{_TASKS}/{n % _LISTED + 1}"),
            "PATCH": lambda n: send("PATCH", f"{_TASKS}/{n % _LISTED + 1}", {"complete": n // _LISTED % 2 == 0}),
            "list of 20": lambda _: send("GET", f"{_TASKS}?limit={_LISTED}"),
        }
        try:
            for operation in operations.values():
                for n in range(_WARM_UP):
                    operation(n)
            server.instrument()
            counts = {}
            for label, operation in operations.items():
                for n in range(_LISTED):
                    operation(n)

                def run(operation: Callable[[int], None] = operation) -> None:
                    for n in range(requests):
                        operation(n)

                counts[label] = server.count(run) / requests / 1000
            return counts
        finally:
            server.stop()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=400)
    for name, thousands in measure(parser.parse_args().requests).items():
        print(f"{name:12} {thousands:8.1f} thousand instructions")


if __name__ == "__main__":
    main()
