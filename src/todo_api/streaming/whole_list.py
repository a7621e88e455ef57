"""A list of any length as one response, read while it is sent."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Self

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from todo_api.http.problems import problem_of
from todo_api.http.responses import CACHING, json_bytes
from todo_api.http.user_limits import Usage
from todo_api.schemas.tasks import task_response
from todo_api.server.uvicorn_connection import ABORT_CONNECTION
from todo_api.streaming.disconnect import wait_for_disconnect
from todo_domain import TodoError, WholeList


class WholeListResponse(Response):
    """A response whose tasks are read in chunks while it is sent, so that the list is never all in memory.

    If a read fails, the connection is aborted and the body stays incomplete: no client
    can take a part of the list for the whole list. The request log has the reason.
    """

    def __init__(self, first: bytes, rest: AsyncIterator[bytes], headers: Mapping[str, str], media_type: str) -> None:
        super().__init__(headers={**headers, **CACHING}, media_type=media_type)
        del self.headers["content-length"]
        self._first = first
        self._rest = rest

    @classmethod
    async def begin(
        cls, parts: AsyncIterator[bytes], usage: Usage, headers: Mapping[str, str], media_type: str = "application/json"
    ) -> Self:
        """Make the first part, so that an early failure gets an error response. Raises StorageUnavailable."""
        parts = _paced(parts, usage)
        return cls(await anext(parts), parts, headers, media_type)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the list, or abort the connection."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        disconnected = asyncio.create_task(wait_for_disconnect(receive))
        try:
            await _send(send, self._first)
            async for part in self._rest:
                if disconnected.done():
                    raise ClientDisconnect
                await _send(send, part)
            await _send(send, b"", more=False)
        except TodoError as error:
            scope["error_code"] = problem_of(error).problem_type.error_code
            if abort := scope.get("state", {}).get(ABORT_CONNECTION):
                abort()
                await disconnected
        finally:
            disconnected.cancel()


async def _send(send: Send, part: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": part, "more_body": more})


async def _paced(parts: AsyncIterator[bytes], usage: Usage) -> AsyncIterator[bytes]:
    """Yield the parts, of which the first is made at once, and the others when the owner has work left."""
    part = await anext(parts, None)
    while part is not None:
        yield part
        async with usage.pace():
            part = await anext(parts, None)


async def json_parts(whole: WholeList, usage: Usage) -> AsyncIterator[bytes]:
    """Yield a TaskListResponse in parts, one per chunk of tasks; `count` comes last, when it is known."""
    count, begin = 0, b'{"tasks":['
    async for tasks in whole.chunks:
        usage.charge_tasks(tasks)
        written = b",".join(json_bytes(task_response(task)) for task in tasks)
        yield begin + (b"," if count and written else b"") + written
        count, begin = count + len(tasks), b""
    yield begin + b"]," + json_bytes({"count": count, "next_cursor": None, "revision": whole.revision})[1:]
