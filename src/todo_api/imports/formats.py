"""The formats of files that can be imported, and the check of a whole file."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from enum import StrEnum
from importlib import import_module
from typing import Final

from todo_api.imports.report import FileRefused, Report
from todo_api.imports.text import decode
from todo_domain import ImportedItem, RuleViolated
from todo_domain.import_batch import MAX_IMPORTED


class Format(StrEnum):
    """The format of a file. The module of its name reads it."""

    NDJSON = "ndjson"
    TODOIST = "todoist"
    VIKUNJA = "vikunja"
    TAKEOUT = "takeout"
    ICAL = "ical"


MEDIA_TYPES: Final[Mapping[str, Format]] = {
    "application/x-ndjson": Format.NDJSON,
    "text/csv": Format.TODOIST,
    "text/calendar": Format.ICAL,
}
"""The media types that identify a format."""


def check(content: bytes, form: Format, report: Report) -> Sequence[ImportedItem]:
    """Return the items of a file. Raises RuleViolated with all faults, each with its row.

    What can't be imported as it is becomes a note of the report.
    """
    # Only the module that is used is imported: some take long to import.
    read: Callable[[str, Report], Iterable[ImportedItem]] = import_module(f"todo_api.imports.{form}").read
    items: list[ImportedItem] = []
    with suppress(FileRefused):
        items += read(decode(content, report), report)
    if report.faults:
        raise RuleViolated(report.faults)
    return items


def parts_of(items: Sequence[ImportedItem]) -> list[Sequence[ImportedItem]]:
    """Return the items in parts that can each be written at once."""
    return [items[start : start + MAX_IMPORTED] for start in range(0, len(items), MAX_IMPORTED)]
