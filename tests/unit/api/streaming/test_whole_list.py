"""Whole lists that are sent at the same time, or on a server that offers no way to abort a connection."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from starlette.types import Message, Scope

from tests.unit.domain.strategies import task
from todo_api.http.user_limits import Bounds, UserLimits
from todo_api.streaming.parts import PartsResponse
from todo_api.streaming.whole_list import json_parts
from todo_domain import StorageUnavailable, Task, WholeList


async def failing_chunks() -> AsyncIterator[Sequence[Task]]:
    yield [task()]
    yield [task()]
    raise StorageUnavailable("gone")


class Chunks:
    """Chunks of lists, of which some may be read at the same time."""

    def __init__(self) -> None:
        self._reading = 0
        self.most = 0

    async def of_a_list(self) -> AsyncIterator[Sequence[Task]]:
        yield [task()]
        for _ in range(3):
            self._reading += 1
            self.most = max(self.most, self._reading)
            for _ in range(5):
                await asyncio.sleep(0)
            self._reading -= 1
            yield [task()]


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
    response = await PartsResponse.begin(json_parts(WholeList(2, failing_chunks()), usage), usage, {})
    await response(scope, receive, send)

    assert sent[-1]["more_body"]
    assert scope["error_code"] == "DATABASE_ERROR"


@pytest.mark.anyio
async def test_whole_lists_of_one_user_are_read_one_chunk_at_a_time() -> None:
    chunks, limits = Chunks(), UserLimits(Bounds(0, 0, 0))

    async def send(_message: Message) -> None: ...

    async def respond(user_id: str) -> None:
        usage = limits.usage_of(user_id)
        parts = json_parts(WholeList(2, chunks.of_a_list()), usage)
        await (await PartsResponse.begin(parts, usage, {}))({}, receive, send)

    await asyncio.gather(*(respond("alice") for _ in range(3)))
    assert chunks.most == 1

    await asyncio.gather(respond("alice"), respond("bob"))
    assert chunks.most == 2
