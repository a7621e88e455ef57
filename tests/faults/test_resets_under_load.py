"""`todo-api serve`, on the event loop of production, while its connections to PostgreSQL break."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tests.integration.adapters.sql.postgres.proxy import Proxy
from tests.integration.cli.test_serve import Process
from tests.integration.server import new_user, token_of
from tests.postgres import Postgres
from tests.tokens import SECRET
from todo_adapters.sql.migrations import upgrade

pytestmark = pytest.mark.anyio

PLACES = 10
CLIENTS = 24
QUICK_SECONDS = 5.0
"""Far more than a response takes, and less than any deadline of the server's own shutdown."""


@asynccontextmanager
async def served(home: Path, database_url: str) -> AsyncIterator[tuple[Process, httpx.AsyncClient]]:
    """Run the server, and yield it with a client whose long timeout detects a request that hangs."""
    process = Process(home, TODO_DATABASE_URL=database_url, BETTER_AUTH_SECRET=SECRET)
    ended = False
    try:
        url = await asyncio.to_thread(process.url)
        limits = httpx.Limits(max_connections=2 * CLIENTS)
        async with httpx.AsyncClient(base_url=url, timeout=60, limits=limits) as client:
            yield process, client
        begun = time.monotonic()
        ended = True
        assert await asyncio.to_thread(process.end) == 0
        assert time.monotonic() - begun < QUICK_SECONDS
    finally:
        if not ended:
            await asyncio.to_thread(process.end, signal.SIGKILL)


class User:
    """A user of the API with one task."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._id = new_user()
        self._headers = {"Authorization": f"Bearer {token_of(self._id)}"}

    async def add(self) -> httpx.Response:
        return await self._send("POST", json={"title": "Buy milk"})

    async def get(self) -> httpx.Response:
        return await self._send("GET", "/1")

    async def rename(self, title: str) -> httpx.Response:
        return await self._send("PATCH", "/1", json={"title": title})

    async def _send(self, method: str, path: str = "", **options: Any) -> httpx.Response:
        return await self._client.request(method, f"/api/{self._id}/tasks{path}", headers=self._headers, **options)


class Load:
    """Users that send one request after the other, and count the responses."""

    def __init__(self) -> None:
        self.responses = 0
        self.failures = 0
        self._is_over = False
        self._more = asyncio.Event()

    async def drive(self, user: User) -> None:
        while not self._is_over:
            for response in (await user.get(), await user.rename(f"Milk {self.responses}")):
                assert response.status_code in {200, 500, 503}, response.text
                self.responses += 1
                self.failures += response.status_code == 500
                self._more.set()

    async def progress(self, responses: int) -> None:
        """Wait for this number of further responses."""
        enough = self.responses + responses
        while self.responses < enough:
            self._more.clear()
            await self._more.wait()

    def end(self) -> None:
        self._is_over = True


async def assert_all_places_work(client: httpx.AsyncClient, database_url: str) -> None:
    """Check that as many requests as the pool has places reach the database at the same time."""
    users = [User(client) for _ in range(PLACES)]
    with psycopg.connect(database_url) as operator, psycopg.connect(database_url, autocommit=True) as observer:
        operator.execute("LOCK TABLE tasks IN ACCESS EXCLUSIVE MODE")
        reading = [asyncio.create_task(user.get()) for user in users]
        waiting = 0
        while waiting < PLACES:
            assert not any(each.done() for each in reading), "a request found no place"
            ((waiting,),) = observer.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            ).fetchall()
            await asyncio.sleep(0.02)
        operator.rollback()
        assert [response.status_code for response in await asyncio.gather(*reading)] == [404] * PLACES


async def test_300_resets_under_load_make_no_request_hang_and_cost_no_place(tmp_path: Path, postgres: Postgres) -> None:
    with postgres.database() as database_url:
        upgrade(database_url)
        async with Proxy.before(database_url) as proxy, served(tmp_path, proxy.url) as (_, client):
            users = [User(client) for _ in range(CLIENTS)]
            for user in users:
                assert (await user.add()).status_code == 201
            load = Load()
            async with asyncio.TaskGroup() as tasks:
                for user in users:
                    tasks.create_task(load.drive(user))
                while proxy.resets < 300:
                    await load.progress(3)
                    proxy.cut()
                    await load.progress(3)
                    proxy.tear_replies(2)
                load.end()

            begun = time.monotonic()
            assert (await client.get("/health/ready")).status_code == 200
            assert time.monotonic() - begun < QUICK_SECONDS
            assert load.failures > 0
            assert [(await user.get()).status_code for user in users] == [200] * CLIENTS
            await assert_all_places_work(client, database_url)
