"""What tokens and key sets are written in, unpadded base64url and JSON, read without any leniency."""

import base64
import json
from collections.abc import Iterable
from typing import Any, NoReturn


def decode_base64url(text: str) -> bytes:
    """Return the bytes that this is the one unpadded spelling of (RFC 7515 §2); else raise ValueError."""
    try:
        decoded = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise ValueError("not base64url") from None
    # The decoder skips what is not of its alphabet, and ignores padding and left-over bits.
    if base64.urlsafe_b64encode(decoded).rstrip(b"=").decode() != text:
        raise ValueError("not unpadded base64url")
    return decoded


def read_json_object(content: bytes) -> dict[str, Any]:
    """Return the object that UTF-8 JSON holds; raise ValueError if it is none, or says anything twice."""
    try:
        value = json.loads(content.decode(), object_pairs_hook=_unique, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - callers know one error for all that is malformed
    return value


def _unique(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for name, value in pairs:
        if name in named:
            raise ValueError("a name stands twice")
        named[name] = value
    return named


def _refuse(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are no JSON")
