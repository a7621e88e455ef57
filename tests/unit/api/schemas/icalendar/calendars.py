"""Calendars written for tests, and read by a second parser, which knows nothing of the library icalendar."""

import datetime as dt
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from itertools import islice
from types import SimpleNamespace
from typing import Any

import pytest
import vobject
from icalendar import Component

from todo_api.schemas.icalendar import CalendarWriter, events_of, todos_of
from todo_domain import Task


def as_events(*tasks: Task) -> str:
    return _written(events_of, tasks)


def as_todos(*tasks: Task) -> str:
    return _written(todos_of, tasks)


def _written(components_of: Callable[[Task], Sequence[Component]], tasks: Sequence[Task]) -> str:
    writer = CalendarWriter()
    written = [writer.write(task, components_of(task)) for task in tasks]
    return b"".join([writer.begin(), *written, writer.end()]).decode()


def read(text: str) -> Any:
    """Return the calendar in a text, as vobject reads it."""
    (calendar,) = vobject.readComponents(text, validate=True)
    return calendar


def instances(events: Sequence[Any], most: int, last: date) -> list[datetime]:
    """Return the first local times of the events of one task until a day: by the rule, and those that were moved."""
    moved = {_local(event.recurrence_id.value): event for event in events if hasattr(event, "recurrence_id")}
    found = [_local(event.dtstart.value) for event in moved.values()]
    with pytest.MonkeyPatch.context() as patch:
        # Without this last year, dateutil searches the years to 9999.
        patch.setattr("dateutil.rrule.datetime", SimpleNamespace(**{**vars(dt), "MAXYEAR": last.year}))
        for event in events:
            if event not in moved.values():
                rule = event.getrruleset() or [event.dtstart.value]
                found += [start for start in map(_local, islice(rule, most + 1)) if start not in moved]
    return sorted(start for start in found if start.date() <= last)[:most]


def _local(moment: date) -> datetime:
    return moment.replace(tzinfo=None) if isinstance(moment, datetime) else datetime.combine(moment, time())
