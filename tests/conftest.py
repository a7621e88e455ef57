import os
import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.memory import MEMORY
from tests.postgres import LocalPostgres, Postgres, running_postgres

# Tests start many processes, and without it each of them compiles all modules again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
if MEMORY:  # for `tmp_path`: SQLite syncs each commit, which takes long on a disk
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))

# The number of examples of a property test; `--hypothesis-profile=deep` takes about an hour.
_MODEST = settings(max_examples=100, deadline=None, print_blob=True, derandomize=False)
settings.register_profile("default", _MODEST)
settings.register_profile("ci", _MODEST, database=None)
settings.register_profile("deep", _MODEST, max_examples=2_500)
settings.load_profile("ci" if os.environ.get("CI") else "default")

_LONGEST = (
    "test_schemathesis",
    "test_any_sequence_of_calls",
    "test_rolling_restarts",
    "test_nothing_is_missed",
    "test_the_blocks_run_in_reverse_order",
    "test_workers_",
)


@pytest.fixture
def anyio_backend() -> str:
    """Run coroutine tests on asyncio, the only kind of event loop that the adapters know."""
    return "asyncio"


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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the longest tests first, so that parallel processes end at about the same time."""
    items.sort(
        key=lambda item: next((rank for rank, name in enumerate(_LONGEST) if name in item.nodeid), len(_LONGEST))
    )
