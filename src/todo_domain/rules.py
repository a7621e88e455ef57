"""The rules for text, and a collector of violations."""

import re
from collections.abc import Sequence
from typing import Final

from todo_domain.errors import RuleViolated, Violation
from todo_domain.text import is_clean, is_visible

MAX_ID: Final = 2**53 - 1
"""The largest integer that every JSON parser represents exactly (RFC 8259 §6)."""

_BREAK = re.compile("[\t\n\r]")


class Violations:
    """Collects all violations of one value, so that one error reports them together."""

    def __init__(self) -> None:
        self._found: list[Violation] = []

    def add(self, field: Sequence[str | int], code: str, message: str) -> None:
        """Add a violation of the value at `field`."""
        self._found.append(Violation(tuple(field), code, message))

    def expect(self, holds: bool, field: Sequence[str | int], code: str, message: str) -> None:  # noqa: FBT001 the rule itself
        """Add a violation of the value at `field` if `holds` is false."""
        if not holds:
            self.add(field, code, message)

    def raise_if_any(self) -> None:
        """Raise RuleViolated if there are violations."""
        if self._found:
            raise RuleViolated(self._found)

    def page_size(self, value: object, maximum: int) -> None:
        """Check that the value is a page size from 1 to `maximum`."""
        holds = type(value) is int and 1 <= value <= maximum
        self.expect(holds, ("limit",), "limit", f"must be 1 to {maximum}")

    def single_line(self, field: Sequence[str | int], value: object, max_length: int) -> str:
        """Check 1 to `max_length` code points on one line, at least one visible, and return them trimmed."""
        trimmed = self._text(field, value).strip()
        if not trimmed.isprintable() and _BREAK.search(trimmed):
            return self._substitute(field, "text_control", "must not contain tabs or line breaks")
        if len(trimmed) > max_length:
            return self._substitute(field, "text_too_long", f"must have at most {max_length} characters")
        if not trimmed:
            message = f"must have 1 to {max_length} characters besides white space at its ends"
            return self._substitute(field, "text_too_short", message)
        if not is_visible(trimmed):
            return self._substitute(field, "text_invisible", "must have a visible character")
        return trimmed

    def multiline(self, field: Sequence[str | int], value: object, max_length: int) -> str:
        """Check up to `max_length` code points, with line breaks and tabs allowed, and return them unchanged."""
        text = self._text(field, value)
        if len(text) > max_length:
            return self._substitute(field, "text_too_long", f"must have at most {max_length} characters")
        return text

    def _text(self, field: Sequence[str | int], value: object) -> str:
        if not isinstance(value, str):
            return self._substitute(field, "text_type", "must be text")
        if not is_clean(value):
            return self._substitute(field, "text_control", "must not contain control characters or lone surrogates")
        return value

    def _substitute(self, field: Sequence[str | int], code: str, message: str) -> str:
        """Add a violation and return text without one: what follows must not work on text of any length."""
        self.add(field, code, message)
        return "?"


def check_page_size(value: object, maximum: int) -> None:
    """Raise RuleViolated unless the value is a page size from 1 to `maximum`."""
    found = Violations()
    found.page_size(value, maximum)
    found.raise_if_any()
