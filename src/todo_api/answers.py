"""Answers in JSON."""

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import Response


def json_bytes(content: Mapping[str, Any]) -> bytes:
    """Write JSON, times in UTC with `Z` (RFC 3339)."""
    return orjson.dumps(content, option=orjson.OPT_UTC_Z)


def json_answer(content: Mapping[str, Any], headers: Mapping[str, str] | None = None, status: int = 200) -> Response:
    """Return the content as an answer."""
    return Response(json_bytes(content), status, headers, "application/json")
