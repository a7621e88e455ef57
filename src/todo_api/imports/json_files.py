"""The JSON of other programs: strict, with types that are checked where they are read."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson

from todo_api.imports.report import Report

MAX_VALUES: Final = 1_500_000
"""Enough for 20,000 tasks with 75 fields each. An empty object of two bytes takes 64 bytes of memory."""
_NAMES: Final[Mapping[type, str]] = {str: "text", bool: "true or false", int: "a whole number", list: "a list"}


def json_of(text: str, report: Report) -> Any:
    """Return the value of a JSON text. Raises FileRefused, also for text of which many values could be made."""
    if sum(map(text.count, "[{,")) > MAX_VALUES:
        raise report.refuse(f"the file must have at most {MAX_VALUES} values; split it", "too_many_values")
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise report.refuse(f"this is not JSON: see line {error.lineno}", "json") from None


class JsonObject:
    """An object of JSON: it returns a value of the wanted type, or adds a fault and returns an empty one."""

    def __init__(self, values: Any, row: int, report: Report) -> None:
        self.row = row
        self._report = report
        self._faulty: set[str] = set()
        self._values = values if isinstance(values, dict) else {}
        if not isinstance(values, dict):
            report.fault(row, "must be an object")

    def text(self, name: str) -> str:
        """Return text, empty if it is absent."""
        return str(self._value(name, str, ""))

    def flag(self, name: str) -> bool:
        """Return a boolean, false if it is absent."""
        return bool(self._value(name, bool, False))

    def number(self, name: str) -> int:
        """Return an integer, 0 if it is absent."""
        return int(self._value(name, int, 0))

    def items(self, name: str) -> Iterator["JsonObject"]:
        """Yield the objects of a list, none if it is absent."""
        for each in self._value(name, list, []):
            yield JsonObject(each, self.row, self._report)

    def rows(self, name: str) -> Iterator["JsonObject"]:
        """Yield the objects of a list, each as the next row of the file."""
        for each in self._value(name, list, []):
            yield JsonObject(each, self._report.next_row(), self._report)

    def inner(self, name: str) -> "JsonObject":
        """Return an object, an empty one if it is absent."""
        return JsonObject(self._values.get(name) or {}, self.row, self._report)

    def has(self, name: str) -> bool:
        """Return whether there is a value that is not empty."""
        return bool(self._values.get(name))

    def _value(self, name: str, kind: type, nothing: Any) -> Any:
        value = self._values.get(name)
        if value is None:
            return nothing
        if type(value) is not kind:
            if name not in self._faulty:
                self._report.fault(self.row, f"must be {_NAMES[kind]}", name)
            self._faulty.add(name)
            return nothing
        return value
