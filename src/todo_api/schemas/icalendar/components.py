"""A task as components of iCalendar: as events on the day of its due, or as a to-do."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from icalendar import Event, Todo, vDatetime, vInt

from todo_api.schemas.checklist import checklist_text
from todo_api.schemas.icalendar.recurrence import note, series_of
from todo_api.schemas.icalendar.values import Text, moment, recur
from todo_domain import Priority, Task

_PRIORITIES: Final = {Priority.HIGH: vInt(1), Priority.MEDIUM: vInt(5), Priority.LOW: vInt(9)}
"""RFC 5545 §3.8.1.9: 1 is the highest priority, 5 the normal one, 9 the lowest."""


def events_of(task: Task) -> Sequence[Event]:
    """Return the event of a task with a due, which does not make its owner busy.

    A recurring task has RRULE. If its due was moved, that occurrence is a second event with the same UID. Where
    RRULE can't say the recurrence exactly, the event has a comment instead.
    """
    due, recurrence = task.due, task.recurrence
    if due is None:
        return ()
    event = _event(task, moment(due, due.date))
    if recurrence is None:
        return (event,)
    series = series_of(recurrence, due)
    if series is None:
        event["COMMENT"] = Text(note(recurrence))
        return (event,)
    rule = recur(series.rule, due)
    if series.start == due.date:
        event["RRULE"] = rule
        return (event,)
    master = _event(task, moment(due, series.start))
    master["RRULE"] = rule
    event["RECURRENCE-ID"] = moment(due, series.start)
    return master, event


def todos_of(task: Task) -> Sequence[Todo]:
    """Return the to-do of any task.

    A recurring task has RRULE and DTSTART. DTSTART can't be after DUE, so if the due was moved to an earlier day,
    the to-do has a comment instead, as where RRULE can't say the recurrence exactly.
    """
    due, recurrence = task.due, task.recurrence
    todo = Todo()
    todo.update(_properties(task))
    todo["STATUS"] = Text("COMPLETED" if task.complete else "NEEDS-ACTION")
    if task.completed_at:
        todo["COMPLETED"] = vDatetime(task.completed_at)
    if due:
        todo["DUE"] = moment(due, due.date)
    if due and recurrence:
        series = series_of(recurrence, due)
        if series and series.start <= due.date:
            todo["DTSTART"] = moment(due, series.start)
            todo["RRULE"] = recur(series.rule, due)
        else:
            todo["COMMENT"] = Text(note(recurrence))
    return (todo,)


def _event(task: Task, start: Any) -> Event:
    event = Event()
    event.update(_properties(task))
    event["DTSTART"] = start
    event["TRANSP"] = Text("TRANSPARENT")
    return event


def _properties(task: Task) -> Iterator[tuple[str, Any]]:
    """Yield the properties that events and to-dos have in common."""
    yield "UID", Text(f"task-{task.id}@{task.user_id}")
    yield "DTSTAMP", vDatetime(task.updated_at)
    yield "LAST-MODIFIED", vDatetime(task.updated_at)
    yield "CREATED", vDatetime(task.created_at)
    yield "SUMMARY", Text(task.title)
    if task.description is not None or task.checklist:
        yield "DESCRIPTION", Text(_description(task))
    yield "PRIORITY", _PRIORITIES[task.priority]
    if task.tags:
        yield "CATEGORIES", Text(*task.tags)


def _description(task: Task) -> str:
    """Return the description of a task, and its checklist below it."""
    return "\n\n".join(filter(None, (task.description, checklist_text(task))))
