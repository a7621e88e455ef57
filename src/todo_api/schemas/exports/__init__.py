"""The formats of an export: everything that a user has, as one file."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from todo_api.schemas.exports.ndjson import NdjsonExport
from todo_api.schemas.exports.table import CsvExport
from todo_domain import Content


class ExportWriter(Protocol):
    """Writes an export in parts: `begin`, `write` for each chunk of a snapshot in its order, `end`."""

    def begin(self) -> bytes:
        """Return what precedes the content."""
        ...

    def write(self, content: Sequence[Content]) -> bytes:
        """Return a part of the content."""
        ...

    def end(self) -> bytes:
        """Return what follows the content."""
        ...


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """A format of an export.

    - content_type: the media type with its parameters
    - new: returns a writer; the first call may take long
    - cost: how many times as long as JSON a task takes; above 1, one at a time is written in a
      turn of the event loop
    """

    content_type: str
    file_name: str
    new: Callable[[], ExportWriter]
    cost: int = 1

    @property
    def media_type(self) -> str:
        """The media type, without parameters."""
        return self.content_type.partition(";")[0]


def _new_todos() -> ExportWriter:
    from todo_api.schemas.exports.todos import TodoExport  # noqa: PLC0415 - see the module

    return TodoExport()


EXPORT_FORMATS: Final[Mapping[str, ExportFormat]] = {
    "ndjson": ExportFormat("application/x-ndjson", "tasks.ndjson", NdjsonExport),
    "csv": ExportFormat("text/csv; charset=utf-8; header=present", "tasks.csv", CsvExport),
    "ical": ExportFormat("text/calendar; charset=utf-8", "tasks.ics", _new_todos, cost=4),
}
"""The formats by their names, the default first."""
