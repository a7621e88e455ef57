"""The text of a calendar, written in parts."""

from collections.abc import Sequence
from typing import Final
from zoneinfo import ZoneInfo

from icalendar import Calendar, Component

from todo_api.schemas.icalendar.time_zones import time_zone
from todo_api.schemas.icalendar.values import Text, zone_of
from todo_domain import Task

_NAME: Final = Text("Tasks")
_END: Final = b"END:VCALENDAR\r\n"


class CalendarWriter:
    """Writes tasks as one VCALENDAR, with each of their time zones once, before its first use.

    `begin`, the tasks and `end` are written in this order.
    """

    def __init__(self) -> None:
        self._zones = set[ZoneInfo]()

    def begin(self) -> bytes:
        """Return the head of the calendar, with a name, so that no client shows its URL instead."""
        calendar = Calendar()
        calendar["VERSION"] = Text("2.0")
        calendar["PRODID"] = Text("-//todo-backend//todo-backend//EN")
        calendar["NAME"] = calendar["X-WR-CALNAME"] = _NAME
        text: bytes = calendar.to_ical(sorted=False)
        return text.removesuffix(_END)

    def write(self, task: Task, components: Sequence[Component]) -> bytes:
        """Return the text of the components of a task."""
        zone = zone_of(task.due) if components and task.due else None
        text = b"".join(component.to_ical(sorted=False) for component in components)
        if zone is None or zone in self._zones:
            return text
        self._zones.add(zone)
        return time_zone(zone) + text

    def end(self) -> bytes:
        """Return the end of the calendar."""
        return _END
