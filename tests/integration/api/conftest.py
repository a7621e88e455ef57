import socket
from collections.abc import Iterator

import httpx
import pytest

from tests.integration.server import Server, running_server, settings_for
from tests.postgres import running_postgres
from todo_adapters.sql.migrations import upgrade
from todo_api.container import Container


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server on SQLite for all tests; every test uses its own users."""
    database = tmp_path_factory.mktemp("api") / "tasks.sqlite3"
    with running_server(Container(settings=settings_for(database)), finish_seconds=0.5) as running:
        yield running


@pytest.fixture
def alice(server: Server) -> Iterator[httpx.Client]:
    """A new user's client."""
    with server.client() as client:
        yield client


@pytest.fixture
def bob(server: Server) -> Iterator[httpx.Client]:
    """Another new user's client."""
    with server.client() as client:
        yield client


@pytest.fixture(scope="session")
def server_without_database() -> Iterator[Server]:
    """A server whose PostgreSQL was stopped after the server had started."""
    with running_postgres() as database:
        upgrade(database.url)
        with running_server(Container(settings=settings_for(database.url, database_timeout_seconds=1))) as running:
            database.stop()
            yield running


@pytest.fixture(scope="session")
def server_without_keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that can't fetch its signing keys, because nothing listens at their address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host, port = listener.getsockname()
    database = tmp_path_factory.mktemp("keyless") / "tasks.sqlite3"
    settings = settings_for(database, better_auth_url=f"http://{host}:{port}")
    with running_server(Container(settings=settings)) as running:
        yield running
