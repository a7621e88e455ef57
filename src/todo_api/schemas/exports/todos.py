"""An export as iCalendar (RFC 5545): a to-do for each task. Import it only where it is used, as `icalendar` says."""

from collections.abc import Sequence

from icalendar import Todo

from todo_api.schemas.icalendar import CalendarWriter, todos_of
from todo_api.schemas.icalendar.values import Text
from todo_domain import Content, Project, Task, TrashedProject, TrashedTask


class TodoExport:
    """A VTODO for each task, in order of the ids.

    A task in the trash is CANCELLED. `X-TODO-PROJECT` is the name of a task's project; a project
    without tasks is left out.
    """

    def __init__(self) -> None:
        self._calendar = CalendarWriter(self._todos_of)
        self._names: dict[int | None, str] = {}
        self._cancelled = frozenset[int]()

    def begin(self) -> bytes:
        """Return the head of the calendar."""
        return self._calendar.begin()

    def write(self, content: Sequence[Content]) -> bytes:
        """Return the to-dos of the tasks."""
        self._cancelled = frozenset(each.id for each in content if isinstance(each, TrashedTask))
        return b"".join(map(self._write, content))

    def end(self) -> bytes:
        """Return the end of the calendar."""
        return self._calendar.end()

    def _write(self, each: Content) -> bytes:
        if isinstance(each, Project | TrashedProject):
            project = each.project if isinstance(each, TrashedProject) else each
            self._names[project.id] = project.name
            return b""
        return self._calendar.write(each.task if isinstance(each, TrashedTask) else each)

    def _todos_of(self, task: Task) -> Sequence[Todo]:
        todos = todos_of(task)
        for todo in todos:
            if task.id in self._cancelled:
                todo["STATUS"] = Text("CANCELLED")
            if name := self._names.get(task.project_id):
                todo["X-TODO-PROJECT"] = Text(name)
        return todos
