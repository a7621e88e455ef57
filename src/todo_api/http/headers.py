"""The headers of a request, as they came."""

from typing import Final

from starlette.types import Scope

NO_SNIFFING: Final = (b"x-content-type-options", b"nosniff")
"""In every response: a browser must not take its body for another media type."""


def header_lines(scope: Scope, name: bytes) -> list[str]:
    """Return the value of every line of a header, in order; the name is in lower case."""
    lines: dict[bytes, list[str]] | None = scope.get("header_lines")
    if lines is None:
        lines = scope["header_lines"] = {}
        for key, value in scope["headers"]:
            lines.setdefault(key, []).append(value.decode("latin-1"))
    return lines.get(name, [])
