"""An export as CSV (RFC 4180), for spreadsheets."""

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from todo_api.schemas.checklist import checklist_text
from todo_api.schemas.exports.content import without_deletion
from todo_domain import Content, Priority, Project, Task

_FORMULA: Final = re.compile(
    "([;\t\r\n])(?=[^\\S\t\r\n]*[=+\\-@"
    "\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}])"
)
"""A formula can begin after these. A semicolon separates cells in countries where a comma is the decimal separator."""
_BYTE_ORDER_MARK: Final = "\N{ZERO WIDTH NO-BREAK SPACE}".encode()
"""Without it, Excel does not read UTF-8."""

_PRIORITIES: Final = {priority: priority.name.lower() for priority in Priority}
_OF_TASK: Final[Mapping[str, Callable[[Task], Any]]] = {
    "id": lambda task: task.id,
    "title": lambda task: task.title,
    "description": lambda task: task.description,
    "complete": lambda task: task.complete,
    "completed_at": lambda task: task.completed_at,
    "priority": lambda task: _PRIORITIES[task.priority],
    "due_date": lambda task: task.due and task.due.date,
    "due_time": lambda task: task.due and task.due.time and task.due.time.isoformat("minutes"),
    "due_timezone": lambda task: task.due and task.due.timezone,
    "recurrence": lambda task: task.recurrence and str(task.recurrence.rule),
    "recurrence_from": lambda task: task.recurrence and str(task.recurrence.counted_from),
    "tags": lambda task: "; ".join(task.tags),
    "checklist": checklist_text,
    "project_id": lambda task: task.project_id,
    "position": lambda task: task.position,
    "successor_id": lambda task: task.successor_id,
    "created_at": lambda task: task.created_at,
    "updated_at": lambda task: task.updated_at,
    "revision": lambda task: task.revision,
}
_OF_PROJECT: Final = ("id", "archived", "position", "created_at", "updated_at", "revision")
COLUMNS: Final = ("kind", *_OF_TASK, "project", "archived", "deleted_at")


class CsvExport:
    """A row for each project and each task, after a row with the names of the columns.

    The title of a project is its name. `project` is the name of a task's project, empty if the
    project was erased.
    """

    def __init__(self) -> None:
        self._names: dict[int | None, str] = {}

    def begin(self) -> bytes:
        """Return the row with the names of the columns."""
        return _BYTE_ORDER_MARK + _rows([dict(zip(COLUMNS, COLUMNS, strict=True))])

    def write(self, content: Sequence[Content]) -> bytes:
        """Return a row for each project or task."""
        return _rows([self._values(each) for each in content])

    def end(self) -> bytes:
        """Return nothing."""
        return b""

    def _values(self, each: Content) -> dict[str, Any]:
        content, deleted_at = without_deletion(each)
        if isinstance(content, Project):
            self._names[content.id] = content.name
            values = {name: getattr(content, name) for name in _OF_PROJECT}
            return {"kind": "project", "title": content.name, **values, "deleted_at": deleted_at}
        values = {name: value_of(content) for name, value_of in _OF_TASK.items()}
        return {"kind": "task", "project": self._names.get(content.project_id), **values, "deleted_at": deleted_at}


def _rows(values: Sequence[Mapping[str, Any]]) -> bytes:
    written = io.StringIO()
    writer = csv.writer(written, quoting=csv.QUOTE_ALL)
    writer.writerows([_cell(row.get(name)) for name in COLUMNS] for row in values)
    return written.getvalue().encode()


def _cell(value: Any) -> str:
    """Return the text of a cell. An apostrophe precedes what a spreadsheet could take for a formula (OWASP)."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if not isinstance(value, str) or value.isalnum():
        return str(value)
    start = "'" if value.startswith(("\t", "\r", "\n")) else ""
    return start + _FORMULA.sub(r"\1'", f"\n{value}")[1:]
