import asyncio

import pytest
import uvloop


@pytest.fixture(autouse=True)
def _uvloop(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run coroutines on uvloop, the event loop of `todo-api serve`, unless a test has the mark `plain_asyncio`."""
    if not request.node.get_closest_marker("plain_asyncio"):
        monkeypatch.setattr(asyncio.events, "new_event_loop", uvloop.new_event_loop)
