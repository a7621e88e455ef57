"""Responses in JSON."""

from collections.abc import Mapping
from typing import Any, Final

import orjson
from starlette.responses import Response

CACHE_CONTROL: Final = "private, no-cache"
"""For what belongs to one user: a browser keeps it and asks whether it is current before it shows it again."""

_CACHE_CONTROL: Final = (b"cache-control", CACHE_CONTROL.encode())
_NONE: Final[Mapping[str, str]] = {}


class JsonResponse(Response):
    """A response in JSON, times in UTC with `Z` (RFC 3339)."""

    def __init__(self, content: Mapping[str, Any], headers: Mapping[str, str] = _NONE, status: int = 200) -> None:
        self.status_code = status
        self.body = json_bytes(content)
        self.background = None
        # Response's own are slower: docs/decisions/0015.
        self.raw_headers = [
            *[(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()],
            (b"content-length", b"%d" % len(self.body)),
            (b"content-type", b"application/json"),
            _CACHE_CONTROL,
        ]


def not_modified(tag: str) -> Response:
    """Return the response to a request whose sender has the current state, with the headers that 200 would have."""
    return Response(status_code=304, headers={"ETag": tag, "Cache-Control": CACHE_CONTROL})


def json_bytes(content: Mapping[str, Any]) -> bytes:
    """Write JSON, times in UTC with `Z` (RFC 3339)."""
    return orjson.dumps(content, option=orjson.OPT_UTC_Z)
