"""`todo-api serve` with several workers, and without its database."""

import os
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.faults.worker_targets import die, ignore_sigterm
from tests.integration.cli.test_serve import Process, ServiceManager
from tests.integration.server import token_of
from tests.postgres import LocalPostgres, Postgres
from tests.tokens import SECRET
from todo_adapters.sql.migrations import upgrade
from todo_api.server.shutdown import CANT_SERVE
from todo_api.server.workers import Workers

SPAWN = get_context("spawn")
QUICK_SECONDS = 10.0
LONG = 60.0
END_SECONDS = 2.0
START = "from todo_api.cli.start import main; main()"


def until(reached: Callable[[], object]) -> Any:
    """Wait until a condition is true, and return its value."""
    deadline = time.monotonic() + LONG
    while not (value := reached()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return value


def workers_that(
    target: Callable[..., None], *arguments: object, count: int = 1, stop_seconds: float = LONG
) -> Workers:
    return Workers(lambda _: SPAWN.Process(target=target, args=arguments), count, stop_seconds, socket.socket())


def run(workers: Workers, stop_when: Callable[[], object]) -> int:
    """Run workers until a condition is true, and return the exit status."""

    def stop() -> None:
        until(stop_when)
        os.kill(os.getpid(), signal.SIGTERM)

    stopping = threading.Thread(target=stop)
    stopping.start()
    status = workers.run()
    stopping.join()
    return status


def deaths(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [vars(record)["fields"] for record in caplog.records if record.getMessage() == "a worker died"]


def test_a_worker_that_dies_is_logged_and_started_again_with_a_growing_delay(
    caplog: pytest.LogCaptureFixture,
) -> None:
    begun = time.monotonic()
    workers = workers_that(die, 7)

    status = run(workers, lambda: len(deaths(caplog)) >= 3)

    assert status == 0
    assert {fields["exit_status"] for fields in deaths(caplog)} == {7}
    assert time.monotonic() - begun >= 0.1 + 0.2


def test_a_worker_that_can_not_serve_ends_all(caplog: pytest.LogCaptureFixture) -> None:
    workers = workers_that(die, CANT_SERVE, count=2)

    assert workers.run() == CANT_SERVE
    assert deaths(caplog)[0]["exit_status"] == CANT_SERVE


def test_a_worker_that_does_not_end_is_killed_and_the_status_is_a_failure(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ready = tmp_path / "ready"
    workers = workers_that(ignore_sigterm, ready, stop_seconds=0.1)

    status = run(workers, ready.exists)

    assert status == 1
    assert caplog.records[-1].getMessage() == "a worker did not end and was killed"


@contextmanager
def served(home: Path, url: str, *arguments: str, **environment: str) -> Iterator[Process]:
    settings = {
        "DATABASE_URL": url,
        "BETTER_AUTH_SECRET": SECRET,
        "TODO_LOG_FORMAT": "json",
        "TODO_DRAIN_SECONDS": "0.1",
    }
    process = Process(home, *arguments, **settings, **environment)
    try:
        yield process
    finally:
        process.kill()


def processes_of(process: Process) -> list[int]:
    """Return the workers of a server."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [int(child) for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


def is_refused(url: httpx.URL) -> bool:
    try:
        socket.create_connection((url.host, url.port or 0), timeout=LONG).close()
    except ConnectionRefusedError:
        return True
    return False


def stop_during_a_request(process: Process, url: httpx.URL, headers: dict[str, str]) -> int:
    """Stop the server while it receives a body, until new connections are refused; return the status of the request."""
    connection = HTTPConnection(url.host, url.port, timeout=LONG)
    headers = {**headers, "Content-Type": "application/json", "Content-Length": "13"}
    connection.request("POST", "/api/alice/tasks", b'{"title"', headers)
    httpx.get(url.join("/health"), timeout=LONG)  # accepted later, so the other connection is accepted too
    process.send(signal.SIGTERM)
    until(lambda: is_refused(url))
    connection.send(b':"a"}')
    status = connection.getresponse().status
    connection.close()
    return status


def test_workers_start_wait_are_restarted_without_a_database_and_finish_requests(
    tmp_path: Path, own_postgres: LocalPostgres
) -> None:
    upgrade(own_postgres.url)
    own_postgres.stop()
    address = own_postgres.url.replace("postgres@", "postgres:hunter2@")
    with (
        ServiceManager(tmp_path) as manager,
        served(tmp_path, address, "--workers", "2", NOTIFY_SOCKET=manager.address) as process,
    ):
        url = process.url()
        until(lambda: process.output.count('"waiting for the database"') == 2)
        first = until(lambda: processes_of(process))

        headers = {"Authorization": f"Bearer {token_of('alice')}"}
        tasks = httpx.get(f"{url}/api/alice/tasks", headers=headers, timeout=LONG)
        ready = httpx.get(f"{url}/health/ready", timeout=LONG)
        for each in (process.pid, *first):
            os.kill(each, signal.SIGHUP)  # ignored
        os.kill(first[0], signal.SIGKILL)
        until(lambda: process.output.count('"waiting for the database"') == 3)
        died = re.search(rf'"event":"a worker died","process":{first[0]},"signal":"SIGKILL"', process.output)
        own_postgres.start()
        until(lambda: process.output.count('"the database is available"') == 2)
        found = httpx.get(f"{url}/api/alice/tasks", headers=headers, timeout=LONG)
        begun = time.monotonic()
        created = stop_during_a_request(process, httpx.URL(url), headers)
        status = process.wait()
        notified = manager.received()

    assert (tasks.status_code, tasks.json()["error_code"]) == (500, "DATABASE_ERROR")
    assert ready.status_code == 503
    assert "hunter2" not in process.output
    assert died
    lives = re.findall(r'"event":"(a worker started|a worker ended|stopped)"', process.output)
    assert lives == ["a worker started"] * 3 + ["a worker ended"] * 2 + ["stopped"]
    assert found.status_code == 200
    assert (created, status) == (201, 0)
    assert time.monotonic() - begun < QUICK_SECONDS
    assert notified == ["READY=1", "STOPPING=1"]


def test_workers_are_not_killed_while_they_drain(tmp_path: Path, postgres: Postgres) -> None:
    script = f"from todo_api.server import serving; serving.END_SECONDS = {END_SECONDS}; {START}"
    with postgres.database() as url:
        upgrade(url)
        settings = {"DATABASE_URL": url, "BETTER_AUTH_SECRET": SECRET, "TODO_DRAIN_SECONDS": str(END_SECONDS + 0.5)}
        process = Process(tmp_path, "--workers", "2", program=(sys.executable, "-c", script), **settings)
        try:
            until(lambda: process.output.count('"event":"purged"') == 2)  # both serve

            assert process.end() == 0
        finally:
            process.kill()


def test_workers_end_with_their_parent(tmp_path: Path, postgres: Postgres) -> None:
    with postgres.database() as url, served(tmp_path, url, "--workers", "2") as process:
        upgrade(url)
        httpx.get(f"{process.url()}/health", timeout=LONG)
        workers = until(lambda: processes_of(process))

        process.end(signal.SIGKILL)

        until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))


def test_a_server_that_waited_ends_if_the_database_can_not_be_used(tmp_path: Path, own_postgres: LocalPostgres) -> None:
    own_postgres.stop()
    with served(tmp_path, own_postgres.url) as process:
        process.url()
        until(lambda: '"waiting for the database"' in process.output)

        own_postgres.start()  # without our schema

        assert process.wait() == CANT_SERVE
    assert "run `todo-api migrate`" in process.output
    assert "Traceback" not in process.output
