"""Read the body of a request: limited size, the right media type, strict JSON (RFC 8259)."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Collection
from typing import Any, Final, NoReturn

from fastapi import Request
from starlette.requests import ClientDisconnect

from todo_api.http.headers import content_type, header_lines
from todo_api.http.media_types import MAX_LENGTH, media_type_in_utf8
from todo_api.http.problems import (
    MALFORMED,
    PAYLOAD_TOO_LARGE,
    UNSUPPORTED_MEDIA_TYPE,
    FieldError,
    ProblemError,
    malformed,
)

MAX_BODY_BYTES: Final = 64 * 1024
_MAX_NAMES: Final = 5000
MAX_VALUES: Final = 20_000
"""How many values a body may have: enough for 100 tasks with 60 items in the checklist of each."""
_JSON_SPACE: Final = b" \t\r\n"


async def refuse_body(request: Request) -> None:
    """Refuse a body in a request that must not have one (RFC 9110 §9.3.1).

    An empty chunked body is accepted, because proxies add one. A DELETE or POST may have
    `{}`, because some clients send it with every request.
    """
    if _has_no_body(request):
        return
    body = await _read(request, MAX_BODY_BYTES)
    if body and not (request.method in ("DELETE", "POST") and body.strip(_JSON_SPACE) == b"{}"):
        raise malformed("this request must not have a body", "no_body")


def _has_no_body(request: Request) -> bool:
    lengths = header_lines(request.scope, b"content-length")
    return lengths in ([], ["0"]) and not header_lines(request.scope, b"transfer-encoding")


async def read_body(request: Request, media_types: Collection[str], max_bytes: int) -> bytearray:
    """Return the body. Refuses another media type, and more than `max_bytes`.

    A DELETE without a body counts as one with `{}`, so that its response names the fields that are missing.
    """
    if request.method == "DELETE" and _has_no_body(request):
        return bytearray(b"{}")
    _check_media_type(request, media_types)
    _check_content_coding(request)
    return await _read(request, max_bytes)


def json_object(body: bytearray) -> dict[str, Any]:
    """Return the JSON object in a body.

    Refuses malformed JSON (also with a repeated name, NaN or Infinity, or very many
    values), and a value that is not an object.
    """
    if len(body) > 2 * MAX_VALUES and has_too_many_values(body):
        raise malformed(f"the body must have at most {MAX_VALUES} values", "too_many_values")
    try:
        content = _DECODER.decode(body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise malformed("the body is not JSON in UTF-8", "json") from None
    if not isinstance(content, dict):
        raise malformed("the body must be a JSON object", "object")
    return content


def has_too_many_values(body: bytes | bytearray) -> bool:
    """Return whether parsing would take long. If the body is not JSON, either result leads to a refusal."""
    unescaped = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    if unescaped.count(b'"') > 4 * MAX_VALUES:  # a value may have a name
        return True
    structure = b"".join(unescaped.split(b'"')[::2])
    return sum(map(structure.count, (b",", b"[", b"{"))) > MAX_VALUES


def _check_media_type(request: Request, media_types: Collection[str]) -> None:
    value = content_type(request.scope)
    if value not in media_types and media_type_in_utf8(value) not in media_types:
        raise ProblemError(UNSUPPORTED_MEDIA_TYPE, f"send the body as {' or '.join(media_types)}, in UTF-8")


def _check_content_coding(request: Request) -> None:
    codings = {line.strip().lower() for line in header_lines(request.scope, b"content-encoding")}
    if codings - {"identity"}:
        headers = {"Accept-Encoding": "identity"}
        raise ProblemError(UNSUPPORTED_MEDIA_TYPE, "send the body without a Content-Encoding", headers)


def check_file_type(request: Request) -> None:
    """Refuse a file in an HTML form, or with a Content-Encoding."""
    _check_content_coding(request)
    if "multipart/" in content_type(request.scope)[:MAX_LENGTH].lower():
        raise ProblemError(UNSUPPORTED_MEDIA_TYPE, "send the file itself as the body, not a form")


async def _read(request: Request, max_bytes: int) -> bytearray:
    body = bytearray()
    async for part in body_parts(request, max_bytes):
        body += part
    return body


async def body_parts(request: Request, max_bytes: int) -> AsyncIterator[bytes]:
    """Yield the parts of the body. Refuses more than `max_bytes`."""
    length = next(iter(header_lines(request.scope, b"content-length")), "0")
    if not length.isdecimal() or int(length) > max_bytes:
        raise _too_large(max_bytes)
    size, is_more = 0, True
    while is_more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        part: bytes = message.get("body", b"")
        is_more = message.get("more_body", False)
        size += len(part)
        if size > max_bytes:
            raise _too_large(max_bytes)
        yield part


def _too_large(max_bytes: int) -> ProblemError:
    return ProblemError(PAYLOAD_TOO_LARGE, f"the body must have at most {max_bytes} bytes")


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > _MAX_NAMES:
        raise malformed(f"an object must have at most {_MAX_NAMES} names", "too_many_names")
    content = dict(pairs)
    if len(content) < len(pairs):
        ((twice, _),) = Counter(name for name, _ in pairs).most_common(1)
        encodable = twice.encode(errors="replace").decode()  # it may have lone surrogates
        error = FieldError(loc=["body", encodable], msg="must not occur twice", type="repeated_name")
        raise ProblemError(MALFORMED, "a name occurs twice in one object", errors=[error])
    return content


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


_DECODER = json.JSONDecoder(object_pairs_hook=_without_repetition, parse_constant=_refuse_constant)
