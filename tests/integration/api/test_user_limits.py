"""One user's requests are bounded, and a page that sends many at once does not notice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from tests.integration.api.asgi import app_in_memory, app_on, client_of, send_request
from tests.integration.api.problems import refusal
from tests.integration.server import Server, running_server, settings_for, token_of
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_api.container import Container
from todo_domain import Added, Task, UserId

TASKS = "/api/alice/tasks"


class Slow(InMemoryTaskRepository):
    """A store whose creates take a moment and whose reads never end. It counts how many creates run at a time."""

    def __init__(self) -> None:
        super().__init__()
        self._running = 0
        self.most_running = 0

    async def add(self, *args: Any, **options: Any) -> Added:
        self._running += 1
        self.most_running = max(self.most_running, self._running)
        await asyncio.sleep(0.01)
        self._running -= 1
        return await super().add(*args, **options)

    async def get(self, user_id: UserId, task_id: int) -> Task:
        del user_id, task_id
        await asyncio.Event().wait()
        raise AssertionError


def test_a_user_without_work_left_gets_429_before_anything_of_the_body_is_read() -> None:
    app = app_in_memory(work_per_second=1)
    for _ in range(5):
        assert send_request(app, "GET", TASKS).status_code == 200

    refused = send_request(app, "POST", TASKS, content=b"{", headers={"Content-Type": "text/plain"})

    assert refusal(refused) == (429, "RATE_LIMITED")
    assert refused.headers["Retry-After"] in {"1", "2"}
    assert refused.headers["RateLimit-Policy"] == '"work";q=5;w=5'
    assert refused.headers["RateLimit"] == f'"work";r=0;t={refused.headers["Retry-After"]}'


def test_another_user_is_served_and_a_stranger_is_refused_as_before() -> None:
    app = app_in_memory(work_per_second=1)
    for _ in range(5):
        send_request(app, "GET", TASKS)

    assert send_request(app, "GET", "/api/bob/tasks", token_of("bob")).status_code == 200
    assert refusal(send_request(app, "GET", TASKS, token_of("bob"))) == (403, "AUTH_FORBIDDEN")
    assert refusal(send_request(app, "GET", TASKS, None)) == (401, "AUTH_MISSING")


@pytest.mark.parametrize("path", [f"{TASKS}?limit=100", "/api/alice/changes", f"{TASKS}/batch"])
def test_a_batch_of_100_and_100_returned_tasks_use_up_the_work_of_five_requests(path: str) -> None:
    repository = InMemoryTaskRepository()
    batch: dict[str, Any] = {"json": {"operations": [{"op": "create", "task": {"title": "a"}}] * 100}}
    send_request(app_on(repository), "POST", f"{TASKS}/batch", **batch)
    app = app_on(repository, work_per_second=1)

    served = send_request(app, "POST", path, **batch) if path.endswith("batch") else send_request(app, "GET", path)

    assert served.status_code == 200
    assert refusal(send_request(app, "GET", f"{TASKS}/1")) == (429, "RATE_LIMITED")


def test_a_large_body_uses_up_work_even_if_it_is_refused() -> None:
    app = app_in_memory(work_per_second=1)

    refused = send_request(app, "POST", TASKS, content=b" " * (40 * 1024), headers={"Content-Type": "application/json"})

    assert refused.status_code == 400
    assert refusal(send_request(app, "GET", TASKS)) == (429, "RATE_LIMITED")


def test_a_page_that_sends_30_changes_at_once_gets_them_all() -> None:
    repository = Slow()

    async def scenario() -> list[httpx.Response]:
        async with client_of(app_on(repository)) as client:
            return await asyncio.gather(*(client.post(TASKS, json={"title": f"{n}"}) for n in range(30)))

    responses = asyncio.run(scenario())

    assert [response.status_code for response in responses] == [201] * 30
    assert repository.most_running == 10


def test_more_than_100_waiting_requests_are_refused() -> None:
    async def scenario() -> list[httpx.Response]:
        async with client_of(app_on(Slow())) as client:
            return await asyncio.gather(*(client.post(TASKS, json={"title": "a"}) for _ in range(120)))

    responses = asyncio.run(scenario())

    assert [response.status_code for response in responses].count(201) == 110
    refused = next(response for response in responses if response.status_code != 201)
    assert refusal(refused) == (429, "RATE_LIMITED")
    assert refused.headers["RateLimit-Policy"] == '"in-progress";q=10;qu="concurrent-requests"'


def test_a_request_ends_at_its_deadline_whatever_the_store_does() -> None:
    async def scenario() -> tuple[httpx.Response, httpx.Response]:
        app = app_on(Slow(), max_in_progress=1, database_timeout_seconds=0.2)
        async with client_of(app) as client:
            hanging = asyncio.create_task(client.get(f"{TASKS}/1"))
            await asyncio.sleep(0)
            return await client.get(f"{TASKS}/2"), await hanging

    waited, hung = asyncio.run(asyncio.wait_for(scenario(), 10))

    assert refusal(hung) == (500, "DATABASE_ERROR")
    assert hung.headers["Retry-After"] == "1"
    assert waited.status_code in {429, 500}


def test_the_time_for_a_body_is_not_part_of_the_deadline() -> None:
    async def slowly() -> AsyncIterator[bytes]:
        yield b'{"title": '
        await asyncio.sleep(0.4)
        yield b'"a"}'

    async def scenario() -> httpx.Response:
        async with client_of(app_on(Slow(), database_timeout_seconds=0.2)) as client:
            return await client.post(TASKS, content=slowly(), headers={"Content-Type": "application/json"})

    assert asyncio.run(scenario()).status_code == 201


def test_a_whole_list_is_slowed_down_and_never_cut_off() -> None:
    repository = InMemoryTaskRepository()
    app = app_on(repository, work_per_second=10)
    operations = [{"op": "create", "task": {"title": "a"}}] * 100

    async def scenario() -> list[httpx.Response]:
        async with client_of(app_on(repository)) as unlimited:
            for _ in range(6):
                await unlimited.post(f"{TASKS}/batch", json={"operations": operations})
        async with client_of(app) as client:
            whole = asyncio.create_task(client.get(TASKS))
            await asyncio.sleep(0.1)
            return [await client.get(f"{TASKS}/1"), await whole]

    other, whole = asyncio.run(scenario())

    assert other.status_code == 200
    assert (whole.status_code, whole.json()["count"]) == (200, 600)


@pytest.fixture
def bounded(tmp_path: Any) -> Any:
    with running_server(Container(settings=settings_for(tmp_path / "a.sqlite3", max_streams=2))) as server:
        yield server


def test_one_stream_too_many_is_refused_and_requests_are_not(bounded: Server) -> None:
    with bounded.client("alice") as alice, bounded.client("bob") as bob, ExitStack() as streams:
        for _ in range(2):
            assert streams.enter_context(alice.stream("GET", "/changes/stream")).status_code == 200

        refused = alice.get("/changes/stream")

        assert refusal(refused) == (429, "RATE_LIMITED")
        assert refused.headers["RateLimit-Policy"] == '"streams";q=2;qu="concurrent-requests"'
        assert alice.get("/tasks").status_code == 200
        assert streams.enter_context(bob.stream("GET", "/changes/stream")).status_code == 200
