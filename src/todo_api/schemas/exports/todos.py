"""An export as iCalendar (RFC 5545): a to-do for each task. Import it only where it is used, as `icalendar` says."""

from collections.abc import Sequence

from todo_api.schemas.exports.content import without_deletion
from todo_api.schemas.icalendar import CalendarWriter, todos_of
from todo_api.schemas.icalendar.values import Text
from todo_domain import Content, Project


class TodoExport:
    """A VTODO for each task, in order of the ids.

    A task in the trash is CANCELLED. `X-TODO-PROJECT` is the name of a task's project; a project
    without tasks is left out.
    """

    def __init__(self) -> None:
        self._calendar = CalendarWriter()
        self._names: dict[int | None, str] = {}

    def begin(self) -> bytes:
        """Return the head of the calendar."""
        return self._calendar.begin()

    def write(self, content: Sequence[Content]) -> bytes:
        """Return the to-dos of the tasks."""
        return b"".join(map(self._write, content))

    def end(self) -> bytes:
        """Return the end of the calendar."""
        return self._calendar.end()

    def _write(self, each: Content) -> bytes:
        content, deleted_at = without_deletion(each)
        if isinstance(content, Project):
            self._names[content.id] = content.name
            return b""
        todos = todos_of(content)
        for todo in todos:
            if deleted_at:
                todo["STATUS"] = Text("CANCELLED")
            if name := self._names.get(content.project_id):
                todo["X-TODO-PROJECT"] = Text(name)
        return self._calendar.write(content, todos)
