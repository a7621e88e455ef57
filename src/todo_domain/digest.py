"""Digests that identify a request: they are stored, or sent to a client, and compared later."""

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Final

_NO_NAMES: Final[Mapping[type, str]] = {}


def digester(names: Mapping[type, str] = _NO_NAMES) -> Callable[[object], str]:
    """Return a function that returns a digest of dataclasses, mappings, tuples, sets, days, times and plain values.

    Equal content has an equal digest, in every process and in every later version:

    - A dataclass is known by its name in `names`, not by that of its class.
    - A field with its default value is left out, so that a new field changes no digest.
    - The order of fields and of a set does not matter.

    The function raises TypeError for a dataclass that `names` lacks, and for other types.
    """

    def plain(value: Any) -> object:
        if type(value) in names:
            return {names[type(value)]: given_fields(value)}
        if isinstance(value, frozenset):
            return sorted(value)
        if isinstance(value, dt.date | dt.time):
            return value.isoformat()
        raise TypeError(f"a digest can't contain a {type(value).__name__}")

    to_json = json.JSONEncoder(default=plain, sort_keys=True).encode
    return lambda content: hashlib.sha256(to_json(content).encode()).hexdigest()


def given_fields(value: Any) -> dict[str, Any]:
    """Return the fields of a dataclass whose value differs from their default."""
    return {name: given for name, default in _defaults(value.__class__) if (given := getattr(value, name)) != default}


@cache
def _defaults(kind: Hashable) -> tuple[tuple[str, object], ...]:
    assert is_dataclass(kind)  # noqa: S101 - for the type checker
    return tuple((each.name, each.default) for each in fields(kind) if each.init)
