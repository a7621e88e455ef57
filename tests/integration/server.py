"""The API on a free port, in a thread of the test process."""

import socket
import ssl
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import uvicorn

from tests.tokens import SECRET, hs256
from todo_api.app import create_app
from todo_api.container import Container
from todo_api.server.connections import Limits
from todo_api.server.metrics.export import Exporter
from todo_api.server.uvicorn_server import Server as ApiServer
from todo_api.settings import Settings

# Loading the default certificate authorities for every client takes longer than most tests.
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
LIMITS = Limits(connections=200)
# With deadlines that a test can wait for.
IMPATIENT = Limits(connections=200, keep_alive_seconds=0.4, progress_seconds=0.2, close_seconds=0.2, sweep_seconds=0.02)


def new_user() -> str:
    """Return the id of a user that no other test uses."""
    return f"user-{uuid4().hex}"


def token_of(user_id: str, lifetime: timedelta = timedelta(hours=1)) -> str:
    """Return a token that the server accepts now."""
    now = datetime.now(UTC)
    return hs256({"user_id": user_id, "iat": now.timestamp(), "exp": (now + lifetime).timestamp()})


def user_of(client: httpx.Client) -> str:
    """Return the id of the user whose list is at the base URL of a client."""
    return str(client.base_url).rstrip("/").rpartition("/")[2]


@dataclass(frozen=True)
class Server:
    """A running server, and a factory of its clients."""

    url: str
    container: Container
    connections: Collection[object]

    def client(self, user_id: str | None = None, transport: httpx.BaseTransport | None = None) -> httpx.Client:
        """Return a client with a user's token and the base URL of that user's list."""
        user_id = user_id or new_user()
        headers = {"Authorization": f"Bearer {token_of(user_id)}"}
        return httpx.Client(
            base_url=f"{self.url}/api/{user_id}", headers=headers, transport=transport, timeout=30, verify=_NO_TLS
        )


def settings_for(database_url: Path | str, **others: Any) -> Settings:
    """Return settings that do not depend on the environment; tests may work as fast as they can."""
    values = {"work_per_second": 0, **others}
    return Settings(_env_file=None, database_url=str(database_url), better_auth_secret=SECRET, **values)


@contextmanager
def running_server(
    container: Container,
    limits: Limits = LIMITS,
    *,
    finish_seconds: float = 5,
    exporter: Exporter | None = None,
    **config: Any,
) -> Iterator[Server]:
    """Serve a container's app on loopback."""
    app = create_app(container)
    server = ApiServer(
        uvicorn.Config(app, log_config=None, proxy_headers=False, **config), limits, finish_seconds, exporter
    )
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        yield Server(f"http://127.0.0.1:{port}", container, server.server_state.connections)
    finally:
        server.should_exit = True
        thread.join()
