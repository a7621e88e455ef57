"""Types that are written as text of one form only, where Pydantic would accept several."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

from todo_domain.text import INVISIBLE

_VISIBLE = rf"[^{INVISIBLE}]"
_WHITE = r"\t\n\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_INK = rf"[^\x00-\x1f{_WHITE}]"

PROSE: Final = {"pattern": r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$"}
"""How a JSON schema says what `Violations.prose` accepts, but for the length."""


def line(most: int) -> dict[str, Any]:
    """Return how a JSON schema says what `Violations.line` accepts: its length counts when it is trimmed.

    Beyond the Basic Multilingual Plane, which a pattern without flags can't name, all characters count as visible.
    """
    return {
        "minLength": 1,
        "maxLength": most,
        "pattern": rf"^(?=[{INVISIBLE}]*{_VISIBLE})[{_WHITE}]*{_INK}([^\x00-\x1f]{{0,{most - 2}}}{_INK})?[{_WHITE}]*$",
        "description": (
            f"1–{most} characters on one line, at least one of them visible. "
            "White space at both ends is removed and not counted."
        ),
    }


def text_of(pattern: str, parse: Callable[[str], Any], code: str, message: str) -> BeforeValidator:
    """Accept text of one form, and what it is parsed to; the code and the message say which form."""
    form = re.compile(pattern, re.ASCII)

    def read(value: object) -> object:
        if isinstance(value, str) and form.fullmatch(value):
            try:
                return parse(value)
            except ValueError:
                pass  # such as the 31st of February
        raise broken_rule(code, message)

    return BeforeValidator(read)


def broken_rule(code: str, message: str) -> PydanticCustomError:
    """Return an error whose code and message the API sends as they are."""
    return PydanticCustomError(code, "{rule}", {"rule": message})


def whole(most: int, least: int = 1) -> BeforeValidator:
    """Accept a number that is an integer to JSON, where 7.0 is 7 (RFC 8259 §6). Use it for every integer in a body."""

    def read(value: object) -> int:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if type(value) is int and least <= value <= most:
            return value
        raise broken_rule("whole_number", whole_message(most, least))

    return BeforeValidator(read)


def whole_message(most: int, least: int = 1) -> str:
    """Return what is said of a number that is not from `least` to `most`, or not whole."""
    return f"must be a whole number from {least} to {most}"


def _up_to(most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if (number := int(text)) > most:
            raise ValueError
        return number

    return parse


def whole_in_text(most: int) -> BeforeValidator:
    """Accept the decimal digits of a number from 1, without leading zeros."""
    return text_of(f"[1-9][0-9]{{0,{len(str(most)) - 1}}}", _up_to(most), "whole_number", whole_message(most))


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

Flag = Annotated[bool, text_of("true|false", "true".__eq__, "bool_type", "must be true or false")]
Count = Annotated[int, text_of("[0-9]{1,16}", int, "whole_number", "must be a whole number")]
