"""A response of any length, which is made while it is sent."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from typing import Self

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from todo_api.http.problems import problem_of
from todo_api.http.responses import CACHING
from todo_api.http.user_limits import Usage
from todo_api.server.uvicorn_connection import ABORT_CONNECTION, CLIENT_TOO_SLOW
from todo_api.streaming.disconnect import wait_for_disconnect
from todo_domain import TodoError


class PartsResponse(Response):
    """A response whose parts are made one after the other, so that it is never all in memory.

    If a part can't be made, the connection is aborted and the response stays incomplete: no client
    can take a part of it for the whole. The request log has the reason. The same happens when the
    client lets the server wait for more than `seconds` in all.

    - first: made before, so that an early failure gets an error response
    - resources: closed before the end of the response, whatever it is
    """

    def __init__(
        self,
        first: bytes,
        rest: AsyncIterator[bytes],
        headers: Mapping[str, str],
        media_type: str = "application/json",
        *,
        seconds: float | None = None,
    ) -> None:
        super().__init__(headers={**headers, **CACHING}, media_type=media_type)
        del self.headers["content-length"]
        self._first = first
        self._rest = rest
        self._seconds_left = seconds
        self.resources = AsyncExitStack()

    @classmethod
    async def begin(
        cls,
        parts: AsyncIterator[bytes],
        usage: Usage,
        headers: Mapping[str, str],
        media_type: str = "application/json",
        *,
        seconds: float | None = None,
    ) -> Self:
        """Make the first part, and return the response. Raises StorageUnavailable."""
        parts = _paced(parts, usage)
        return cls(await anext(parts), parts, headers, media_type, seconds=seconds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send all parts, or abort the connection."""
        async with self.resources:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            disconnected = asyncio.create_task(wait_for_disconnect(receive))
            try:
                await self._send_all(send, disconnected)
            except TimeoutError:
                await _abort(scope, CLIENT_TOO_SLOW, disconnected)
            except TodoError as error:
                await _abort(scope, problem_of(error).problem_type.error_code, disconnected)
            finally:
                disconnected.cancel()

    async def _send_all(self, send: Send, disconnected: "asyncio.Task[None]") -> None:
        await self._send(send, self._first)
        async for part in self._rest:
            if disconnected.done():
                raise ClientDisconnect
            await self._send(send, part)
        await self.resources.aclose()  # before the client knows that the response is complete
        await self._send(send, b"", more=False)

    async def _send(self, send: Send, part: bytes, *, more: bool = True) -> None:
        begun = time.monotonic()
        async with asyncio.timeout(self._seconds_left):
            await send({"type": "http.response.body", "body": part, "more_body": more})
        if self._seconds_left is not None:
            self._seconds_left -= time.monotonic() - begun


async def _abort(scope: Scope, error_code: str, disconnected: "asyncio.Task[None]") -> None:
    scope["error_code"] = error_code
    if abort := scope.get("state", {}).get(ABORT_CONNECTION):
        abort()
        await disconnected


async def _paced(parts: AsyncIterator[bytes], usage: Usage) -> AsyncIterator[bytes]:
    """Yield the parts, of which the first is made at once, and the others when the owner has work left."""
    part = await anext(parts, None)
    while part is not None:
        yield part
        async with usage.pace():
            part = await anext(parts, None)
