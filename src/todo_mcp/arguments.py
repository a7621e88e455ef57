"""Check the arguments of a tool against its schema: the subset of JSON Schema that `todo_mcp.schemas` uses.

A general validator quotes values in its messages, and looks at every entry of a list that is too long.
"""

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

from todo_domain.rules import MAX_ID

MAX_FAULTS: Final = 10
"""The most faults that one error reports."""

Schema = Mapping[str, Any]
_TYPES: Final[Mapping[str, tuple[type, str]]] = {
    "object": (dict, "an object"),
    "array": (list, "a list"),
    "string": (str, "text"),
    "integer": (int, "an integer"),
    "boolean": (bool, "true or false"),
    "null": (type(None), "null"),
}
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class ArgumentsRefused(Exception):
    """Raised when arguments break their schema. The message says what is right, and contains no value."""


def check_arguments(schema: Schema, arguments: object) -> None:
    """Raise ArgumentsRefused, with the first faults, unless the arguments fit the schema."""
    if faults := list(islice(_faults(schema, arguments, ""), MAX_FAULTS)):
        raise ArgumentsRefused("; ".join(faults))


def day_of(text: str) -> dt.date:
    """Return the day that a text such as 2026-12-01 names. Raises ValueError."""
    if not _DAY.fullmatch(text):
        raise ValueError("not a day")
    return dt.date.fromisoformat(text)


def _faults(schema: Schema, value: object, place: str) -> Iterator[str]:
    possible = schema.get("anyOf", [schema])
    schema = next((each for each in possible if type(value) is _TYPES[each["type"]][0]), {})
    if not schema:
        yield f"{place or 'arguments'}: must be {' or '.join(_TYPES[each['type']][1] for each in possible)}"
    elif isinstance(value, dict):
        yield from _faults_of_object(schema, value, f"{place}." if place else "")
    elif isinstance(value, list):
        least, most = schema.get("minItems", 0), schema["maxItems"]
        if least <= len(value) <= most:
            for index, entry in enumerate(value):
                yield from _faults(schema["items"], entry, f"{place}[{index}]")
        else:
            yield f"{place}: must have {f'{least} to' if least else 'at most'} {most} entries"
    elif isinstance(value, str):
        if fault := _fault_of_text(schema, value):
            yield f"{place}: {fault}"
    elif type(value) is int:
        least, most = schema["minimum"], schema.get("maximum", MAX_ID)
        if not least <= value <= most:
            yield f"{place}: must be {least} to {most}"


def _faults_of_object(schema: Schema, value: dict[str, Any], prefix: str) -> Iterator[str]:
    properties = schema["properties"]
    for name in filter(lambda name: name not in properties, value):
        # The name is the caller's text: only what could be meant as a name is repeated.
        shown = f"{prefix}{name}" if _NAME.fullmatch(name) else f"{prefix or 'arguments'}: a name"
        yield f"{shown} is not known; the names are {', '.join(properties) or 'none'}"
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{prefix}{name}: is required"
    for name, of_property in properties.items():
        if name in value:
            yield from _faults(of_property, value[name], f"{prefix}{name}")


def _fault_of_text(schema: Schema, text: str) -> str | None:
    if "enum" in schema and text not in schema["enum"]:
        return f"must be one of {', '.join(schema['enum'])}"
    if "pattern" in schema and not re.fullmatch(schema["pattern"], text):
        return f"must match {schema['pattern']}"
    if schema.get("format") == "date":
        try:
            day_of(text)
        except ValueError:
            return "must be a day, such as 2026-12-01"
    return None
