"""The app without a server, on the in-memory adapter: for tests that need no socket."""

import asyncio
from typing import Any, Final

import httpx
from dependency_injector import providers

from tests.integration.server import settings_for, token_of
from tests.opening import open_at_once
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_api.app import App, create_app
from todo_api.container import Container

ALICE: Final = "alice"
"""Stands for a new token of alice. One that was made at import may be too old for an erasure."""


def app_in_memory(**settings: Any) -> App:
    """Return an app that keeps its tasks only in memory."""
    return app_on(InMemoryTaskRepository(), **settings)


def app_on(repository: InMemoryTaskRepository, **settings: Any) -> App:
    """Open this store, and return an app that keeps its tasks in it."""
    container = Container(
        settings=settings_for("never-opened.sqlite3", **settings),
        task_repository=providers.Object(open_at_once(repository)),
    )
    open_at_once(container.token_verifier())
    return create_app(container)


def client_of(app: App, token: str | None = ALICE) -> httpx.AsyncClient:
    """Return a client of the app, by default alice's."""
    if token == ALICE:
        token = token_of(ALICE)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://todo.example", headers=headers)


def send_request(app: App, method: str, path: str, token: str | None = ALICE, **request: Any) -> httpx.Response:
    """Send one request, by default one of alice's."""

    async def send() -> httpx.Response:
        async with client_of(app, token) as client:
            return await client.request(method, path, **request)

    return asyncio.run(send())
