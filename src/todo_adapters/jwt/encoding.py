"""A strict decoder for the JSON of tokens and key sets."""

import json
from collections.abc import Iterable
from typing import Any, NoReturn


def read_json_object(content: bytes) -> dict[str, Any]:
    """Return the JSON object in UTF-8 content; raise ValueError if it is not an object or repeats a name."""
    try:
        value = json.loads(content.decode(), object_pairs_hook=_unique, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - callers catch one error for all malformed content
    return value


def _unique(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in pairs:
        if name in members:
            raise ValueError("a name occurs twice")
        members[name] = value
    return members


def _refuse(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")
