"""The rules for text, and a collector of violations."""

import re
from collections.abc import Sequence

from todo_domain.errors import RuleViolated, Violation
from todo_domain.text import is_clean, is_visible

_BREAK = re.compile("[\t\n\r]")


class Violations:
    """Collects all violations of one value, so that one error reports them together."""

    def __init__(self) -> None:
        self._found: list[Violation] = []

    def add(self, field: Sequence[str | int], code: str, message: str) -> None:
        """Add a violation by the value at `field`."""
        self._found.append(Violation(tuple(field), code, message))

    def expect(self, holds: bool, field: Sequence[str | int], code: str, message: str) -> None:  # noqa: FBT001 the rule itself
        """Add a violation by the value at `field` unless the rule holds."""
        if not holds:
            self.add(field, code, message)

    def refuse(self) -> None:
        """Raise RuleViolated if there are violations."""
        if self._found:
            raise RuleViolated(self._found)

    def limit(self, value: object, most: int) -> None:
        """Add a violation unless the value is a page size from 1 to `most`."""
        holds = type(value) is int and 1 <= value <= most
        self.expect(holds, ("limit",), "limit", f"must be 1 to {most}")

    def line(self, field: Sequence[str | int], value: object, most: int) -> str:
        """Return the text without white space at its ends: 1-`most` code points, on one line, one of them visible."""
        trimmed = self._text(field, value).strip()
        if not trimmed.isprintable() and _BREAK.search(trimmed):
            self.add(field, "text_control", "must not contain tabs or line breaks")
        elif len(trimmed) > most:
            self.add(field, "text_too_long", f"must have at most {most} characters")
        elif not trimmed:
            self.add(field, "text_too_short", f"must have 1 to {most} characters besides white space at its ends")
        elif not is_visible(trimmed):
            self.add(field, "text_invisible", "must have a visible character")
        return trimmed

    def prose(self, field: Sequence[str | int], value: object, most: int) -> str:
        """Return the text as it is: up to `most` code points, line breaks and tabs allowed."""
        text = self._text(field, value)
        if len(text) > most:
            self.add(field, "text_too_long", f"must have at most {most} characters")
        return text

    def _text(self, field: Sequence[str | int], value: object) -> str:
        """Return the text, or a substitute that breaks no other rule."""
        if not isinstance(value, str):
            self.add(field, "text_type", "must be text")
        elif not is_clean(value):
            self.add(field, "text_control", "must not contain control characters or lone surrogates")
        else:
            return value
        return "?"
