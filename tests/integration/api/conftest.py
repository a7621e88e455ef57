from collections.abc import Iterator

import httpx
import pytest

from tests.integration.server import Server, running_server, settings_for
from todo_api.container import Container


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server on SQLite for all tests; they keep apart by users of their own."""
    database = tmp_path_factory.mktemp("api") / "tasks.sqlite3"
    with running_server(Container(settings=settings_for(database))) as running:
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
