import asyncio

import pytest
from starlette.types import Message, Receive, Scope, Send

from todo_api.middleware.errors import ErrorMiddleware


async def fail(_: Scope, __: Receive, ___: Send) -> None:
    raise ZeroDivisionError


async def receive() -> Message:
    raise AssertionError("nothing is read")


async def send(_: Message) -> None:
    raise AssertionError("nothing is sent")


@pytest.mark.anyio
async def test_an_error_outside_of_a_request_ends_the_server() -> None:
    with pytest.raises(ZeroDivisionError):
        await ErrorMiddleware(fail)({"type": "lifespan"}, receive, send)


@pytest.mark.anyio
async def test_a_cancellation_that_is_not_the_end_of_the_server_is_passed_on() -> None:
    async def cancelled(_: Scope, __: Receive, ___: Send) -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await ErrorMiddleware(cancelled)({"type": "http"}, receive, send)
