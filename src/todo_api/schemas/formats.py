"""Types with exactly one text format each, where Pydantic would accept several."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

from todo_domain.rules import MAX_ID
from todo_domain.text import INVISIBLE

_VISIBLE = rf"[^{INVISIBLE}]"
_WHITE = r"\t\n\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_NOT_SPACE = rf"[^\x00-\x1f{_WHITE}]"

MULTILINE: Final = {"pattern": r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$"}
"""JSON schema of the text that `Violations.multiline` accepts, without the length."""


def single_line(max_length: int) -> dict[str, Any]:
    """Return the JSON schema of the text that `Violations.single_line` accepts, which counts the trimmed length.

    All characters outside the Basic Multilingual Plane count as visible, because a pattern without flags can't
    name them.
    """
    trimmed = rf"{_NOT_SPACE}([^\x00-\x1f]{{0,{max_length - 2}}}{_NOT_SPACE})?"
    return {
        "minLength": 1,
        "maxLength": max_length,
        "pattern": rf"^(?=[{INVISIBLE}]*{_VISIBLE})[{_WHITE}]*{trimmed}[{_WHITE}]*$",
        "description": (
            f"1–{max_length} characters on one line, at least one of them visible. "
            "White space at both ends is removed and not counted."
        ),
    }


def text_of(pattern: str, parse: Callable[[str], Any], code: str, message: str) -> BeforeValidator:
    """Accept text that matches a pattern, and parse it; the code and the message describe the format."""
    form = re.compile(pattern, re.ASCII)

    def read(value: object) -> object:
        if isinstance(value, str) and form.fullmatch(value):
            try:
                return parse(value)
            except ValueError:
                pass  # for example, the 31st of February
        raise broken_rule(code, message)

    return BeforeValidator(read)


def broken_rule(code: str, message: str) -> PydanticCustomError:
    """Return an error whose code and message the API sends unchanged."""
    return PydanticCustomError(code, "{rule}", {"rule": message})


def whole(maximum: int, minimum: int = 1) -> BeforeValidator:
    """Accept an integer of JSON, in which 7.0 is 7 (RFC 8259 §6). Use it for every integer in a body."""

    def read(value: object) -> int:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if type(value) is int and minimum <= value <= maximum:
            return value
        raise broken_rule("whole_number", whole_message(maximum, minimum))

    return BeforeValidator(read)


def whole_message(maximum: int, minimum: int = 1) -> str:
    """Return the message for a number that is not whole, or not from `minimum` to `maximum`."""
    return f"must be a whole number from {minimum} to {maximum}"


Id = Annotated[int, Field(ge=1, le=MAX_ID), whole(MAX_ID)]
"""The id of a task or a project, or a revision, in a body."""


def _up_to(maximum: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if (number := int(text)) > maximum:
            raise ValueError
        return number

    return parse


def whole_in_text(maximum: int) -> BeforeValidator:
    """Accept a number from 1 in decimal digits, without leading zeros."""
    return text_of(f"[1-9][0-9]{{0,{len(str(maximum)) - 1}}}", _up_to(maximum), "whole_number", whole_message(maximum))


Day = Annotated[
    dt.date, text_of(r"\d{4}-\d{2}-\d{2}", dt.date.fromisoformat, "due_date", "must be a day, such as 2026-12-01")
]

_CLOCK_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]"
ClockTime = Annotated[
    dt.time,
    text_of(_CLOCK_TIME, dt.time.fromisoformat, "due_time", "must be a time of the day, such as 17:00"),
    PlainSerializer(lambda time: time.isoformat("minutes")),
    WithJsonSchema({"type": "string", "pattern": f"^{_CLOCK_TIME}$", "examples": ["17:00"]}),
]

_INSTANT: Final = r"\d{4}-\d{2}-\d{2}[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)"


def _instant(text: str) -> dt.datetime:
    try:
        return dt.datetime.fromisoformat(text.upper()).astimezone(dt.UTC)
    except OverflowError:
        raise ValueError from None


Instant = Annotated[
    dt.datetime,
    text_of(_INSTANT, _instant, "timestamp", "must be a time with its offset from UTC, such as 2026-12-01T17:00:00Z"),
]

Flag = Annotated[bool, text_of("true|false", "true".__eq__, "bool_type", "must be true or false")]
Count = Annotated[int, text_of("[0-9]{1,16}", int, "whole_number", "must be a whole number")]


def _project(text: str) -> int:
    return 0 if text == "none" else _up_to(MAX_ID)(text)


_PROJECT: Final = "none|[1-9][0-9]{0,15}"
ProjectFilter = Annotated[
    int,
    text_of(_PROJECT, _project, "project", f"must be a whole number from 1 to {MAX_ID}, or none"),
    WithJsonSchema({"type": "string", "pattern": f"^({_PROJECT})$", "maxLength": 16, "examples": ["1", "none"]}),
]
"""The id of a project, or 0 for `none`."""
