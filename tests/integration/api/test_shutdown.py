"""The end of a server: what is in progress is finished or cut, within a bounded time."""

import asyncio
import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from dependency_injector import providers
from uvicorn import Config

from tests.faults.test_connections import connect, get, rest_of
from tests.integration.api.problems import refusal
from tests.integration.server import LIMITS, Server, new_user, running_server, settings_for
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_api.container import Container
from todo_api.server.shutdown import CANT_SERVE
from todo_api.server.uvicorn_server import Server as ApiServer
from todo_domain import Task, UserId


class Stuck(InMemoryTaskRepository):
    """A repository whose reads of a task never end."""

    def __init__(self) -> None:
        super().__init__()
        self.reading = threading.Event()

    async def get(self, user_id: UserId, task_id: int) -> Task:
        self.reading.set()
        await asyncio.Event().wait()
        raise AssertionError(user_id, task_id)


@contextmanager
def serving(store: Any) -> Iterator[Server]:
    container = Container(settings=settings_for("never-opened.sqlite3"), task_repository=providers.Object(store))
    with running_server(container, LIMITS, finish_seconds=0.2) as server:
        yield server


def test_a_request_that_is_cut_gets_a_problem(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with ThreadPoolExecutor() as threads:
        with serving(store := Stuck()) as server:
            client = server.client()
            cut = threads.submit(client.get, "/tasks/1")
            store.reading.wait(20)
        response = cut.result(20)
        client.close()

    assert refusal(response) == (503, "SERVER_STOPPING")
    assert (response.headers["Retry-After"], response.headers["Connection"]) == ("1", "close")
    errors = {record.name for record in caplog.records if record.levelno >= logging.ERROR}
    assert errors <= {"todo_api.requests"}  # the line of a response with status 503
    codes = [vars(record)["fields"]["error_code"] for record in caplog.records if record.name == "todo_api.requests"]
    assert codes == ["SERVER_STOPPING"] * 2


def test_a_response_that_has_begun_is_aborted() -> None:
    user = new_user()
    with serving(InMemoryTaskRepository()) as server:
        silent = connect(server)
        connection = connect(server, get(user, "changes/stream"))
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
        begun = time.monotonic()

    assert not rest_of(connection).endswith(b"0\r\n\r\n")
    assert time.monotonic() - begun < 5
    assert rest_of(silent) == b""
    connection.close()
    silent.close()


def test_while_it_ends_the_server_is_not_ready_and_asks_clients_to_close(tmp_path: Path) -> None:
    container = Container(settings=settings_for(tmp_path / "tasks.sqlite3"))
    with running_server(container) as server, httpx.Client(base_url=server.url) as client:
        before = client.get("/health/ready")
        container.shutdown().has_begun = True

        after = client.get("/health/ready")
        served = client.get("/health")

    assert (before.status_code, before.headers.get("Connection")) == (200, None)
    assert (after.status_code, after.json()["status"], after.headers["Connection"]) == (503, "unavailable", "close")
    assert (served.status_code, served.headers["Connection"]) == (200, "close")


def test_a_start_that_fails_ends_the_process_with_a_failure() -> None:
    async def fail(_scope: object, _receive: object, _send: object) -> None:
        raise ZeroDivisionError

    with pytest.raises(SystemExit) as ended:
        ApiServer(Config(fail, lifespan="on", log_config=None), LIMITS).run([])

    assert ended.value.code == CANT_SERVE
