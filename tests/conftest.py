import os

import pytest
from hypothesis import settings

# How hard a law is tried: `--hypothesis-profile=deep` is for an hour of leisure.
_MODEST = settings(max_examples=100, deadline=None, print_blob=True, derandomize=False)
settings.register_profile("default", _MODEST)
settings.register_profile("ci", _MODEST, database=None)
settings.register_profile("deep", _MODEST, max_examples=2_500)
settings.load_profile("ci" if os.environ.get("CI") else "default")

_LONGEST = (
    "test_bench_smoke",
    "test_any_sequence_of_calls",
    "test_schemathesis",
    "test_nothing_is_missed",
    "test_nothing_is_done_twice",
    "test_cli_serve",
)


@pytest.fixture
def anyio_backend() -> str:
    """Run coroutine tests on asyncio, the only kind of event loop that the adapters know."""
    return "asyncio"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest: of several processes, none is left with it at the end."""
    items.sort(
        key=lambda item: next((rank for rank, name in enumerate(_LONGEST) if name in item.nodeid), len(_LONGEST))
    )
