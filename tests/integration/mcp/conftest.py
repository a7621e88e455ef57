"""One server with the endpoint for assistants, and the tokens of new users."""

from collections.abc import Iterator

import pytest

from tests.integration.mcp.assistant import HOST, Assistant
from tests.integration.server import Server, running_server, settings_for
from todo_api.container import Container


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server on SQLite for all tests; every test uses its own users."""
    database = tmp_path_factory.mktemp("mcp") / "tasks.sqlite3"
    settings = settings_for(database, mcp_url=f"http://{HOST}/mcp", cors_origins="https://app.example")
    with running_server(Container(settings=settings), finish_seconds=0.5) as running:
        yield running


@pytest.fixture
def alice(server: Server) -> Iterator[Assistant]:
    """The assistant of a new user."""
    with Assistant(server) as assistant:
        yield assistant
