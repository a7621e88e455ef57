"""The change feed as server-sent events."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from todo_api.http.problems import problem_of
from todo_api.http.responses import json_bytes
from todo_api.http.user_limits import Usage
from todo_api.schemas.changes import change_response
from todo_api.server.uvicorn_connection import ENDLESS
from todo_api.streaming.disconnect import wait_for_disconnect
from todo_api.streaming.live_feed import LiveFeed
from todo_domain import ChangePage, TaskUseCases, TodoError

VERIFY_SECONDS: Final = 5.0
"""With the time for which a verifier keeps a token, less than the 10 s in which a revoked token must end a stream."""

_WAITS_PER_HEARTBEAT: Final = 3
# A client that lost its connection waits this long; the default of browsers is longer and differs.
_RETRY: Final = b"retry: 2000\n\n"
_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class ChangeStream(Response):
    """A response that stays open. It sends changes when there are some, and heartbeats between them.

    It reads the feed when LiveFeed wakes it. While it waits, it holds neither a database
    connection nor unsent events. The server aborts the connection of a client that does
    not read; that client can resume from its last event. The stream ends when the token
    expires, when `verify` raises an error, which it calls every 5 s, when the server stops, and
    when the feed can't be continued. If an error ends it, the request log has its code.
    """

    media_type = "text/event-stream"

    def __init__(  # noqa: PLR0913 - what a stream needs of its request
        self,
        tasks: TaskUseCases,
        first: ChangePage,
        live_feed: LiveFeed,
        usage: Usage,
        *,
        until: datetime,
        verify: Callable[[], Awaitable[object]],
    ) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._tasks = tasks
        self._page = first
        self._live_feed = live_feed
        self._usage = usage
        self._until = until
        self._verify = verify

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until the stream ends. Raises unexpected errors."""
        scope.setdefault("state", {})[ENDLESS] = True
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        sender = asyncio.create_task(self._send_all(scope, send))
        disconnected = asyncio.create_task(wait_for_disconnect(receive))
        try:
            await asyncio.wait({sender, disconnected}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sender.cancel()
            disconnected.cancel()
            await asyncio.gather(sender, disconnected, return_exceptions=True)
        if not sender.cancelled() and (error := sender.exception()):
            raise error

    async def _send_all(self, scope: Scope, send: Send) -> None:
        """Send events until the stream ends, and then the end of the body."""
        try:
            async with asyncio.timeout(self._seconds_left()) as lifetime:
                await _send(send, _RETRY)
                await self._follow(send)
        except TodoError as error:
            scope["error_code"] = problem_of(error).problem_type.error_code
        except TimeoutError:
            if not lifetime.expired():
                raise
        await _send(send, b"", more=False)

    async def _follow(self, send: Send) -> None:
        page = self._page
        with self._live_feed.subscribe(self._tasks.user_id) as wake:
            while not self._live_feed.closed:
                # Clear before reading: a later change or close is then seen by this read, or wakes the wait.
                wake.clear()
                if page.changes:
                    async with self._usage.pace():
                        self._usage.charge_tasks(page.changes)
                        events = _events(page)
                    await _send(send, events)
                async with self._usage.pace():
                    page = await self._tasks.changes(page.next)
                # After the read, because CURSOR_EXPIRED tells the client more than AUTH_INVALID.
                await self._verify()
                if not page.changes:
                    await self._wait(wake, send)

    async def _wait(self, wake: asyncio.Event, send: Send) -> None:
        """Wait until woken. Verify the token every 5 s, and send a heartbeat every 15 s."""
        waits = 0
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(VERIFY_SECONDS):
                    await wake.wait()
                    return
            await self._verify()
            waits += 1
            if waits % _WAITS_PER_HEARTBEAT == 0:
                await _send(send, b":\n\n")

    def _seconds_left(self) -> float:
        return max(0.0, (self._until - datetime.now(UTC)).total_seconds())


async def _send(send: Send, chunk: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": chunk, "more_body": more})


def _events(page: ChangePage) -> bytes:
    events = [
        f"id: {page.token_after(change)}\ndata: {json_bytes(change_response(change)).decode()}\n\n"
        for change in page.changes
    ]
    return "".join(events).encode()
