"""The header fields of a request."""

from typing import Final

from starlette.types import Scope

NO_SNIFFING: Final = (b"x-content-type-options", b"nosniff")
"""In every response: a browser must not take its body for another media type."""


def header_lines(scope: Scope, name: bytes) -> list[str]:
    """Return the value of every field line with this name, in order; the name is in lower case."""
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def content_type(scope: Scope) -> str:
    """Return the value of the first Content-Type, or an empty string."""
    return next(iter(header_lines(scope, b"content-type")), "")
