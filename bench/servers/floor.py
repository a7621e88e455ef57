"""The floor: a plain ASGI program that talks to PostgreSQL directly, written by hand to be as fast as possible.

It has the four operations of the benchmark, with the same responses, the same checks
of the client and the same durability, but nothing else: no documentation, no errors
that name a field, no search, no preconditions, no idempotency keys. A patch always
raises the revision, also if it changes nothing.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bench.servers.floor_sql import GET, LIST, Pool, columns_of, json_of
from bench.servers.floor_tokens import user_of

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Header = tuple[bytes, bytes]
Response = tuple[int, str, Sequence[Header]]

_PROBLEM = (b"content-type", b"application/problem+json")
_JSON = (b"content-type", b"application/json")
_UNAUTHENTICATED: Response = (
    401,
    '{"error_code":"AUTH_INVALID"}',
    (_PROBLEM, (b"www-authenticate", b'Bearer error="invalid_token"')),
)
_FORBIDDEN: Response = (403, '{"error_code":"AUTH_FORBIDDEN"}', (_PROBLEM,))
_NOT_FOUND: Response = (404, '{"error_code":"NOT_FOUND"}', (_PROBLEM,))
_NOT_ALLOWED: Response = (405, '{"error_code":"METHOD_NOT_ALLOWED"}', (_PROBLEM,))
_REFUSED: Response = (422, '{"error_code":"VALIDATION_ERROR"}', (_PROBLEM,))
_pool = Pool()


async def app(scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
    """Handle one request, or open the pool at startup."""
    if scope["type"] == "lifespan":
        await _live(receive, send)
        return
    status, text, headers = await _respond(scope, receive)
    content = text.encode()
    length = (b"content-length", str(len(content)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [length, *headers]})
    await send({"type": "http.response.body", "body": content})


async def _live(receive: Receive, send: Send) -> None:
    await receive()
    await _pool.open()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})


async def _respond(scope: Mapping[str, Any], receive: Receive) -> Response:
    match scope["path"].split("/"):
        case ["", "api", user, "tasks"]:
            task_id = None
        case ["", "api", user, "tasks", digits] if digits.isdecimal():
            task_id = int(digits)
        case ["", "health"]:
            return 200, '{"status":"ok"}', (_JSON,)
        case _:
            return _NOT_FOUND
    caller = next((user_of(value) for name, value in scope["headers"] if name == b"authorization"), None)
    if caller != user:
        return _FORBIDDEN if caller else _UNAUTHENTICATED
    return await _serve(user, task_id, scope, receive)


async def _serve(user: str, task_id: int | None, scope: Mapping[str, Any], receive: Receive) -> Response:
    match scope["method"]:
        case "GET" if task_id:
            return _one(200, await _pool.rows(GET, [user, task_id]))
        case "GET":
            return await _list(user, scope["query_string"])
        case "POST" | "PATCH" as method if (method == "POST") is (task_id is None):
            return await _write(user, task_id, await _body(receive))
        case _:
            return _NOT_ALLOWED


async def _body(receive: Receive) -> bytes:
    message = await receive()
    content: bytes = message["body"]
    while message.get("more_body"):
        message = await receive()
        content += message["body"]
    return content


async def _list(user: str, query: bytes) -> Response:
    try:
        limit = int(query.removeprefix(b"limit=") or 100)
    except ValueError:
        return _REFUSED
    rows = await _pool.rows(LIST, [limit + 1, user])
    revision = rows[0][-1] if rows else 0
    shown = [row for row in rows[:limit] if row[0] is not None]
    cursor = '"' + urlsafe_b64encode(b"%d" % shown[-1][1]).decode() + '"' if len(rows) > limit else "null"
    tasks = ",".join(map(json_of, shown))
    text = f'{{"tasks":[{tasks}],"count":{len(shown)},"next_cursor":{cursor},"revision":{revision}}}'
    return 200, text, (_JSON, (b"etag", b'W/"%d"' % revision))


async def _write(user: str, task_id: int | None, body: bytes) -> Response:
    now = datetime.now(UTC)
    try:
        columns = columns_of(json.loads(body), now)
    except ValueError:
        return _REFUSED
    if task_id:
        return _one(200, await _pool.patch(user, task_id, columns, now)) if columns else _REFUSED
    if "title" not in columns:
        return _REFUSED
    rows = await _pool.create(user, columns, now)
    return _one(201, rows, (b"location", f"/api/{user}/tasks/{rows[0][1]}".encode()))


def _one(status: int, rows: Sequence[Any], *headers: Header) -> Response:
    if not rows:
        return _NOT_FOUND
    return status, json_of(rows[0]), (_JSON, (b"etag", b'"%d"' % rows[0][11]), *headers)
