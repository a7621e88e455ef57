"""Responses in JSON."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

import orjson
from fastapi import Request
from starlette.responses import Response

CACHING: Final = {"Cache-Control": "private, no-cache", "Vary": "*"}
"""The headers of a response that belongs to one user: a browser must revalidate it before it shows it again.

Chromium ignores `no-cache` while it loads a page after Back, but not `Vary: *` (RFC 9110 §12.5.5).
"""

_CACHING: Final = tuple((name.lower().encode(), value.encode()) for name, value in CACHING.items())
_NONE: Final[Mapping[str, str]] = {}


class JsonResponse(Response):
    """A response in JSON, with times in UTC with `Z` (RFC 3339)."""

    def __init__(self, content: Mapping[str, Any], headers: Mapping[str, str] = _NONE, status: int = 200) -> None:
        self.status_code = status
        self.body = json_bytes(content)
        self.background = None
        # The constructor of Response is slower: docs/decisions/0015.
        self.raw_headers = [
            *[(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()],
            (b"content-length", b"%d" % len(self.body)),
            (b"content-type", b"application/json"),
            *_CACHING,
        ]


def next_link(request: Request, cursor: str | None) -> dict[str, str]:
    """Return the header that leads to the next page, if there is one."""
    if cursor is None:
        return {}
    parameters = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    return {"Link": f'<?{urlencode([*parameters, ("cursor", cursor)])}>; rel="next"'}


def not_modified(tag: str) -> Response:
    """Return the 304 response for a client that has the current state, with the headers of the 200 response."""
    return Response(status_code=304, headers={"ETag": tag, **CACHING})


def json_bytes(content: Mapping[str, Any] | Sequence[Any]) -> bytes:
    """Serialize as JSON, with times in UTC with `Z` (RFC 3339)."""
    return orjson.dumps(content, option=orjson.OPT_UTC_Z)
