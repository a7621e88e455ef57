"""Reads files for tests, as the check does."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from todo_api.imports.formats import Format, check
from todo_api.imports.report import Report
from todo_domain import ImportedItem, ImportedProject, ImportedTask, RuleViolated

NOW: Final = dt.datetime(2026, 11, 29, 12, tzinfo=dt.UTC)
FILES: Final = Path(__file__).parent / "files"


def file(name: str) -> bytes:
    """Return the content of a file that is true to the export of its program."""
    return (FILES / name).read_bytes()


def read(form: Format, content: bytes | str, **settings: Any) -> tuple[Sequence[ImportedItem], Report]:
    """Return the items of a file, and the report."""
    report = Report(NOW, **settings)
    return check(content if isinstance(content, bytes) else content.encode(), form, report), report


def tasks_of(form: Format, content: bytes | str) -> list[ImportedTask]:
    """Return the tasks of a file."""
    items, _ = read(form, content)
    return [item for item in items if isinstance(item, ImportedTask)]


def projects_of(form: Format, content: bytes | str) -> list[ImportedProject]:
    """Return the projects of a file."""
    items, _ = read(form, content)
    return [item for item in items if isinstance(item, ImportedProject)]


def notes_of(form: Format, content: bytes | str, **settings: Any) -> list[tuple[int, str]]:
    """Return the notes about a file."""
    return [(note.row, note.msg) for note in read(form, content, **settings)[1].notes]


def faults_of(form: Format, content: bytes | str, **settings: Any) -> list[tuple[tuple[str | int, ...], str]]:
    """Return the location and the code of each fault of a file; it must have one."""
    try:
        read(form, content, **settings)
    except RuleViolated as violated:
        return [(violation.field, violation.code) for violation in violated.violations]
    raise AssertionError("the file was accepted")
