"""Limits, deadlines and failures of the store behind the endpoint for assistants."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from dependency_injector import providers

from tests.integration.api.problems import refusal
from tests.integration.mcp.assistant import HOST, VERSIONS, Assistant
from tests.integration.server import Server, running_server, settings_for
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_api.container import Container
from todo_api.http import deadlines
from todo_api.http.user_limits import Bounds, UserLimits
from todo_domain import Batch, BatchResult, StorageUnavailable, TaskPage, TaskQuery, UserId


class Broken(InMemoryTaskRepository):
    """A store whose lists never end, whose batches fail, and whose projects have a defect."""

    def __init__(self) -> None:
        super().__init__()
        self.ended = threading.Event()

    async def list(self, user_id: UserId, query: TaskQuery) -> TaskPage:
        del user_id, query
        try:
            await asyncio.Event().wait()
            raise AssertionError
        finally:
            self.ended.set()

    async def apply(self, user_id: UserId, batch: Batch, **options: Any) -> BatchResult:
        del user_id, batch, options
        raise StorageUnavailable

    async def list_projects(self, user_id: UserId) -> Any:
        raise ValueError(f"the projects of {user_id}")


class Slow(InMemoryTaskRepository):
    """A store whose batches begin when a test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.may_begin, self.ended = threading.Event(), threading.Event()

    async def apply(self, user_id: UserId, batch: Batch, **options: Any) -> BatchResult:
        await asyncio.to_thread(self.may_begin.wait, 30)
        result = await super().apply(user_id, batch, **options)
        self.ended.set()
        return result


@pytest.fixture(scope="module")
def broken() -> Iterator[Server]:
    settings = settings_for("never-opened.sqlite3", mcp_url=f"http://{HOST}/mcp", database_timeout_seconds=0.2)
    container = Container(
        settings=settings,
        task_repository=providers.Singleton(Broken),
        # No time passes, so a user has ten units of work in all.
        user_limits=providers.Object(UserLimits(Bounds(1, 1, 2), clock=lambda: 0.0)),
    )
    with running_server(container) as server:
        yield server


@pytest.mark.parametrize("version", VERSIONS)
def test_a_call_ends_at_the_deadline_of_the_request(broken: Server, version: str) -> None:
    with Assistant(broken) as alice:
        response = alice.message("tools/call", {"name": "find_tasks"}, version)

    assert refusal(response) == (500, "DATABASE_ERROR")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_call_that_only_reads_ends_soon_after_its_client_has_disconnected(
    version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadlines, "_ABANDONED_SECONDS", 0)
    settings = settings_for("never-opened.sqlite3", mcp_url=f"http://{HOST}/mcp", database_timeout_seconds=60)
    store = Broken()
    container = Container(settings=settings, task_repository=providers.Object(store))
    with running_server(container) as server, Assistant(server) as alice:
        with pytest.raises(httpx.ReadTimeout):
            alice.message("tools/call", {"name": "find_tasks"}, version, timeout=0.05)

        assert store.ended.wait(timeout=30)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_call_that_writes_goes_on_after_its_client_has_disconnected(
    version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadlines, "_ABANDONED_SECONDS", 0)
    monkeypatch.setattr(deadlines, "_WATCH_SECONDS", 0.001)
    settings = settings_for("never-opened.sqlite3", mcp_url=f"http://{HOST}/mcp", database_timeout_seconds=60)
    store = Slow()
    container = Container(settings=settings, task_repository=providers.Object(store))
    call = {"name": "add_tasks", "arguments": {"key": "k", "tasks": [{"title": "a"}]}}
    with running_server(container) as server, Assistant(server) as alice:
        with pytest.raises(httpx.ReadTimeout):
            alice.message("tools/call", call, version, timeout=0.1)
        alice.api.get("/tasks")  # the server knows of the disconnection before it responds to this
        store.may_begin.set()

        assert store.ended.wait(timeout=30)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_failure_of_the_store_has_the_status_that_it_has_on_every_route(broken: Server, version: str) -> None:
    with Assistant(broken) as alice:
        response = alice.message("tools/call", {"name": "complete_tasks", "arguments": {"ids": [1]}}, version)

    assert (refusal(response), response.headers["Retry-After"]) == ((500, "DATABASE_ERROR"), "1")
    assert httpx.get(f"{broken.url}/health/ready").json()["writes"] == "unavailable"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_defect_is_logged_but_not_sent(broken: Server, version: str, caplog: pytest.LogCaptureFixture) -> None:
    with Assistant(broken) as alice:
        response = alice.message("tools/call", {"name": "list_projects"}, version)

        assert refusal(response) == (500, "INTERNAL_ERROR")
        assert alice.user_id not in response.text
        (logged,) = [record.exc_info for record in caplog.records if record.getMessage() == "unexpected error"]
        assert logged is not None
        assert str(logged[1]) == f"the projects of {alice.user_id}"


def test_a_message_costs_six_units_of_work(broken: Server) -> None:
    with Assistant(broken) as alice:  # with a request for the token
        statuses = [alice.message("ping", version=VERSIONS[0]).status_code for _ in range(3)]

    assert statuses == [200, 200, 429]


def test_a_large_message_costs_more(broken: Server) -> None:
    with Assistant(broken) as alice:
        alice.message("ping", {"a": "a" * 400_000}, VERSIONS[0])

        response = alice.message("ping")

    assert refusal(response) == (429, "RATE_LIMITED")
    assert int(response.headers["Retry-After"]) > 20


def test_the_requests_of_a_user_that_are_served_at_a_time_are_bounded(broken: Server) -> None:
    with Assistant(broken) as alice:
        usage = broken.container.user_limits().usage_of(UserId(alice.user_id))
        assert usage.try_begin_request()

        refused = alice.message("ping")
        usage.end_request()

        assert refusal(refused) == (429, "RATE_LIMITED")
        assert alice.message("ping", version=VERSIONS[0]).status_code == 200
