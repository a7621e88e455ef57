import asyncio
import os
from collections.abc import Iterator

import pytest
import uvloop

from tests.postgres import LocalPostgres, Postgres, running_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The server for all tests: the one at TODO_TEST_DATABASE_URL, else a new one."""
    url = os.environ.get("TODO_TEST_DATABASE_URL")
    if url:
        yield Postgres(url)
    else:
        with running_postgres() as server:
            yield server


@pytest.fixture
def own_postgres() -> Iterator[LocalPostgres]:
    """A server for one test, which may stop and kill it."""
    with running_postgres() as server:
        yield server


@pytest.fixture(autouse=True)
def _uvloop(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run coroutines on uvloop, the event loop of `todo-api serve`, unless a test has the mark `plain_asyncio`."""
    if not request.node.get_closest_marker("plain_asyncio"):
        monkeypatch.setattr(asyncio.events, "new_event_loop", uvloop.new_event_loop)
