"""A whole list on a server that offers no way to abort a connection."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from starlette.types import Message, Scope

from tests.unit.domain.strategies import task
from todo_api.http.user_limits import Bounds, UserLimits
from todo_api.streaming.whole_list import WholeListResponse
from todo_domain import StorageUnavailable, Task, WholeList


async def failing_chunks() -> AsyncIterator[Sequence[Task]]:
    yield [task()]
    yield [task()]
    raise StorageUnavailable("gone")


async def receive() -> Message:
    await asyncio.Event().wait()
    raise AssertionError


@pytest.mark.anyio
async def test_a_list_that_fails_midway_is_never_complete_on_any_server() -> None:
    sent: list[Message] = []
    scope: Scope = {}

    async def send(message: Message) -> None:
        sent.append(message)

    usage = UserLimits(Bounds(0, 0, 0)).usage_of("alice")
    response = await WholeListResponse.begin(WholeList(2, failing_chunks()), usage, {})
    await response(scope, receive, send)

    assert sent[-1]["more_body"]
    assert scope["error_code"] == "DATABASE_ERROR"
