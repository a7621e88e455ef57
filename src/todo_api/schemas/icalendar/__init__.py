"""Tasks as iCalendar (RFC 5545): events for calendars, to-dos for everything that a task has.

Import it only where it is used: the library icalendar takes 0.15 s to import.
"""

from todo_api.schemas.icalendar.components import events_of, todos_of
from todo_api.schemas.icalendar.writer import CalendarWriter

__all__ = ["CalendarWriter", "events_of", "todos_of"]
