"""A list of any length as one JSON response, read while it is sent."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
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
from todo_domain import Task, TodoError, WholeList


class WholeListResponse(Response):
    """A TaskListResponse whose tasks are read in chunks while it is sent, so that the list is never all in memory.

    If a read fails, the connection is aborted and the JSON stays incomplete: no client
    can take a part of the list for the whole list. The request log has the reason.
    """

    media_type = "application/json"

    def __init__(self, first: bytes, rest: AsyncIterator[bytes], headers: Mapping[str, str]) -> None:
        super().__init__(headers={**headers, **CACHING})
        del self.headers["content-length"]
        self._first = first
        self._rest = rest

    @classmethod
    async def begin(cls, whole: WholeList, usage: Usage, headers: Mapping[str, str]) -> Self:
        """Read the first chunk, so that an early failure gets an error response. Raises StorageUnavailable."""
        parts = _parts(whole, usage)
        return cls(await anext(parts), parts, headers)

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


async def _paced(chunks: AsyncIterator[Sequence[Task]], usage: Usage) -> AsyncIterator[Sequence[Task]]:
    """Yield the chunks, of which the first is read at once."""
    tasks = await anext(chunks, None)
    while tasks is not None:
        yield tasks
        async with usage.pace():
            tasks = await anext(chunks, None)


async def _parts(whole: WholeList, usage: Usage) -> AsyncIterator[bytes]:
    """Yield the JSON in parts, one per chunk of tasks; `count` comes last, when it is known.

    The owner pays for the tasks: without work left, the next chunk is read later.
    """
    count, part = 0, b'{"tasks":['
    async for tasks in _paced(whole.chunks, usage):
        usage.charge_tasks(tasks)
        if count:
            yield part
            part = b","
        written = b",".join(json_bytes(task_response(task)) for task in tasks)
        part = part + written if written else part.removesuffix(b",")
        count += len(tasks)
    yield part + b"]," + json_bytes({"count": count, "next_cursor": None, "revision": whole.revision})[1:]
