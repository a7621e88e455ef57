"""`todo-api serve` as a process: its start, its responses and its end."""

import json
import os
import re
import shlex
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.certificates import write_certificate
from tests.integration.server import new_user, token_of
from tests.postgres import Postgres
from tests.scrapes import scraped_when, value
from tests.tokens import SECRET
from todo_adapters.sql.migrations import upgrade

_PROGRAM = Path(sys.executable).with_name("todo-api")
_START_SECONDS = 60


class Process:
    """A running `todo-api serve`, and its output so far."""

    def __init__(
        self, home: Path, *arguments: str | Path, program: Sequence[str | Path] = (_PROGRAM,), **environment: str
    ) -> None:
        self._output = home / "output"
        with self._output.open("w") as output:
            self._process = subprocess.Popen(
                [*program, "serve", "--port", "0", *arguments],
                cwd=home,
                env=clean_environment(home) | environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def output(self) -> str:
        return self._output.read_text()

    @property
    def pid(self) -> int:
        return self._process.pid

    def url(self, of: str = "listening") -> str:
        """Wait until it listens, and return its URL, or that of its `metrics`."""
        deadline = time.monotonic() + _START_SECONDS
        while not (found := re.search(rf"{of}.*(https?://[^\s\"]+)", self.output)):
            assert self._process.poll() is None, self.output
            assert time.monotonic() < deadline, self.output
            time.sleep(0.02)
        return found[1]

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    def wait(self) -> int:
        """Wait for the end, and return the exit status."""
        return self._process.wait(_START_SECONDS)

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, and return the exit status."""
        self.send(how)
        return self.wait()

    def kill(self) -> None:
        """End it if it still runs."""
        self._process.kill()
        self._process.wait()


class ServiceManager(socket.socket):
    """The socket where systemd receives notifications."""

    def __init__(self, directory: Path) -> None:
        super().__init__(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.setblocking(False)
        self.address = str(directory / "notify")
        self.bind(self.address)

    def received(self) -> list[str]:
        """Return what was received since the last call."""
        received = []
        with suppress(BlockingIOError):
            while True:
                received.append(self.recv(100).decode())
        return received


def clean_environment(home: Path) -> dict[str, str]:
    """Return an environment without settings, but with the variables of coverage."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(("COVERAGE", "COV_", "PYTHON"))}
    return kept | {"HOME": str(home), "PATH": os.environ["PATH"]}


@contextmanager
def serving(home: Path, *arguments: str | Path, **environment: str) -> Iterator[Process]:
    process = Process(home, *arguments, **environment)
    try:
        yield process
    finally:
        process.end()


def test_the_printed_curl_line_creates_a_task(tmp_path: Path) -> None:
    with serving(tmp_path) as process:
        url = process.url()
        (line,) = re.findall(r"^curl .*$", process.output, re.MULTILINE)
        _, address, _, bearer, _, media_type, _, body = shlex.split(line)

        created = httpx.post(address, content=body, headers=dict(h.split(": ") for h in (bearer, media_type)))

        documented = httpx.get(re.findall(r"The documentation is at (\S+)\.", process.output)[0])

    assert address == f"{url}/api/alice/tasks"
    assert created.status_code == 201
    assert created.json()["title"] == "Buy milk"
    assert documented.status_code == 200


def test_a_second_process_on_the_same_file_is_refused_in_one_line(tmp_path: Path) -> None:
    with serving(tmp_path, "--database", "tasks.db") as first:
        first.url()

        second = subprocess.run(
            [_PROGRAM, "serve", "--port", "0", "--database", "tasks.db"],
            cwd=tmp_path,
            env=clean_environment(tmp_path),
            capture_output=True,
            text=True,
            check=False,
        )

    assert second.returncode == 2
    assert second.stdout == ""
    assert re.fullmatch(r"todo-api: TODO_DATABASE_URL: \S+/tasks\.db is in use: .*\n", second.stderr)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_with_status_0(tmp_path: Path, how: signal.Signals) -> None:
    process = Process(tmp_path)
    httpx.get(f"{process.url()}/health").raise_for_status()

    assert process.end(how) == 0
    assert "Traceback" not in process.output


def test_systemd_learns_that_the_server_listens_and_that_it_stops(tmp_path: Path) -> None:
    with ServiceManager(tmp_path) as manager:
        process = Process(tmp_path, NOTIFY_SOCKET=manager.address)
        httpx.get(f"{process.url()}/health").raise_for_status()
        started = manager.received()
        process.end()

        assert (started, manager.received()) == (["READY=1"], ["STOPPING=1"])


def test_a_crash_loses_no_confirmed_write_and_other_writes_can_be_repeated(tmp_path: Path) -> None:
    user = new_user()
    headers = {"Authorization": f"Bearer {token_of(user)}"}
    arguments = ("--database", tmp_path / "tasks.db")
    tried: list[str] = []
    confirmed: dict[str, dict[str, Any]] = {}

    def create(client: httpx.Client, key: str) -> httpx.Response:
        return client.post("/tasks", json={"title": key}, headers={"Idempotency-Key": key})

    def create_until_the_crash(writer: int) -> None:
        with httpx.Client(base_url=base_url, headers=headers) as client, suppress(httpx.TransportError):
            for number in count():
                tried.append(key := f"{writer}-{number}")
                confirmed[key] = create(client, key).raise_for_status().json()
                if len(confirmed) >= 50:
                    crashing.end(signal.SIGKILL)

    with serving(tmp_path, *arguments, BETTER_AUTH_SECRET=SECRET) as crashing, ThreadPoolExecutor() as writers:
        base_url = f"{crashing.url()}/api/{user}"
        list(writers.map(create_until_the_crash, range(4)))

    with serving(tmp_path, *arguments, BETTER_AUTH_SECRET=SECRET) as process:
        base_url = f"{process.url()}/api/{user}"
        with httpx.Client(base_url=base_url, headers=headers) as client:
            repeated = {key: create(client, key) for key in tried}
            found = client.get("/tasks", params={"limit": 100}).json()["tasks"]

    replayed = {
        key: response.json() for key, response in repeated.items() if "Idempotency-Replayed" in response.headers
    }
    assert replayed.items() >= confirmed.items()
    assert sorted(task["title"] for task in found) == sorted(tried)


def test_every_request_is_one_line_of_the_log_and_no_token_is_in_it(tmp_path: Path) -> None:
    token = token_of("alice")
    with serving(tmp_path, BETTER_AUTH_SECRET=SECRET, TODO_LOG_FORMAT="json") as process:
        httpx.get(f"{process.url()}/api/alice/tasks", headers={"Authorization": f"Bearer {token}"})

    events = [json.loads(line)["event"] for line in process.output.splitlines()]
    assert events.count("request") == 1
    assert token not in process.output


@pytest.mark.parametrize(("arguments", "count"), [(["--workers", "2"], 2), (["--reload"], 1)])
def test_child_processes_serve_with_the_options_of_the_command_and_their_counts_are_added(
    tmp_path: Path, postgres: Postgres, arguments: list[str], count: int
) -> None:
    headers = {"Authorization": f"Bearer {token_of('alice')}", "Content-Type": "application/json"}
    route = {"route": "/api/{user_id}/tasks", "method": "POST"}
    with postgres.database() as url:
        upgrade(url)
        settings = {"BETTER_AUTH_SECRET": SECRET, "TODO_METRICS_PORT": "0"}
        with serving(tmp_path, "--database", url, *arguments, **settings) as process:
            metrics = process.url("metrics")
            create = urllib.request.Request(f"{process.url()}/api/alice/tasks", b'{"title": "Buy milk"}', headers)
            scraped_when(metrics, 10 * count, "todo_pool_connections_max")  # all processes serve

            # Each request has its own connection, which any of the processes accepts.
            statuses = {urllib.request.urlopen(create, timeout=_START_SECONDS).status for _ in range(20)}

            values = scraped_when(metrics, 20, "todo_http_request_duration_seconds_count", **route)
        status = process.wait()

    assert statuses == {201}
    assert value(values, "todo_http_requests_total", **route, status="201") == 20
    assert value(values, "todo_tokens_verified_total") == 20
    assert 1 <= sum(value(values, "todo_pool_connections", state=state) for state in ("used", "idle")) <= 10 * count
    assert status == 0


def test_a_log_that_is_not_read_does_not_stop_the_service(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [_PROGRAM, "serve", "--port", "0"], cwd=tmp_path, env=clean_environment(tmp_path), stderr=subprocess.PIPE
    )
    assert process.stderr
    try:
        url = re.findall(rb"https?://[^\s\"]+", process.stderr.readline())[0].decode()
        with httpx.Client(base_url=url, timeout=_START_SECONDS, headers={"X-Request-ID": "x" * 128}) as client:
            # More than a pipe takes.
            statuses = {client.get("/health").status_code for _ in range(400)}
    finally:
        process.terminate()
        status = process.wait(_START_SECONDS)
        process.stderr.close()

    assert statuses == {200}
    assert status == 0


def test_endless_request_headers_are_refused(tmp_path: Path) -> None:
    with serving(tmp_path) as process:
        url = httpx.URL(process.url())
        with socket.create_connection((url.host, url.port or 0), timeout=_START_SECONDS) as connection:
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: todo.example\r\nX-Large: " + b"x" * 65536)

            response = b"".join(iter(lambda: connection.recv(4096), b""))

        in_order = httpx.post(f"{url}/health", content=b"x" * 1_000_000)

    assert response.startswith(b"HTTP/1.1 431 ")
    assert b'"error_code":"HEADERS_TOO_LARGE"' in response
    assert in_order.status_code == 405


def test_production_is_served_over_https_without_a_proxy(tmp_path: Path) -> None:
    files = (tmp_path / "certificate.pem", tmp_path / "key.pem")
    write_certificate(*files)
    options = ("--ssl-certfile", files[0], "--ssl-keyfile", files[1])
    with serving(tmp_path, *options, TODO_ENV="production", BETTER_AUTH_SECRET=SECRET) as process:
        url = process.url()

        response = httpx.get(f"{url}/health", verify=ssl.create_default_context(cafile=str(files[0])))

    assert url.startswith("https://")
    assert response.headers["Strict-Transport-Security"] == "max-age=31536000"
    for event in ("listening", "epoch opened", "purged", "stopped"):
        assert process.output.count(f'"event":"{event}"') == 1
    assert "curl" not in process.output
