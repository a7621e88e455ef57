"""How long a response in parts waits for its client."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from starlette.types import Message, Scope

from todo_api.streaming.parts import PartsResponse

pytestmark = pytest.mark.anyio


async def receive() -> Message:
    await asyncio.Event().wait()
    raise AssertionError


async def test_the_waits_for_a_client_are_counted_together() -> None:
    scope: Scope = {}
    sent: list[Message] = []

    async def send(message: Message) -> None:
        await asyncio.sleep(0.01)
        sent.append(message)

    async def parts() -> AsyncIterator[bytes]:
        yield b"b"

    await PartsResponse(b"a", parts(), {}, seconds=0.019)(scope, receive, send)

    assert [message.get("body") for message in sent] == [None, b"a"]
    assert scope["error_code"] == "CLIENT_TOO_SLOW"


async def test_the_time_in_which_parts_are_made_does_not_count() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def slow_parts() -> AsyncIterator[bytes]:
        await asyncio.sleep(0.02)
        yield b"b"

    await PartsResponse(b"a", slow_parts(), {}, seconds=0.01)({}, receive, send)

    assert [message.get("body") for message in sent] == [None, b"a", b"b", b""]
