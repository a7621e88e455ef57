"""A list of any length as one response in JSON, read while it is sent."""

from collections.abc import AsyncIterator

from todo_api.http.responses import json_bytes
from todo_api.http.user_limits import Usage
from todo_api.schemas.tasks import task_response
from todo_domain import WholeList


async def json_parts(whole: WholeList, usage: Usage) -> AsyncIterator[bytes]:
    """Yield a TaskListResponse in parts, one per chunk of tasks; `count` comes last, when it is known."""
    count, begin = 0, b'{"tasks":['
    async for tasks in whole.chunks:
        usage.charge_tasks(tasks)
        written = json_bytes([task_response(task) for task in tasks])[1:-1]
        yield begin + (b"," if count and written else b"") + written
        count, begin = count + len(tasks), b""
    yield begin + b"]," + json_bytes({"count": count, "next_cursor": None, "revision": whole.revision})[1:]
