"""The app without a server, on the in-memory adapter: for tests that need no socket."""

import asyncio
from typing import Any

import httpx
from dependency_injector import providers

from tests.integration.server import settings_for, token_of
from tests.opening import open_at_once
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_api.app import App, create_app
from todo_api.container import Container


def app_in_memory(**settings: Any) -> App:
    """Return an app that keeps its tasks only in memory."""
    repository = providers.Object(open_at_once(InMemoryTaskRepository()))
    container = Container(settings=settings_for("never-opened.sqlite3", **settings), task_repository=repository)
    open_at_once(container.token_verifier())
    return create_app(container)


def send_request(
    app: App, method: str, path: str, token: str | None = token_of("alice"), **request: Any
) -> httpx.Response:
    """Send one request, by default one of alice's."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    transport = httpx.ASGITransport(app)

    async def send() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://todo.example", headers=headers) as client:
            return await client.request(method, path, **request)

    return asyncio.run(send())
