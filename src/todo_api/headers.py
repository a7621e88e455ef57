"""The headers of a request, as they came."""

from starlette.types import Scope


def header_lines(scope: Scope, name: bytes) -> list[str]:
    """Return the value of every line of a header, in order; the name is in lower case."""
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]
