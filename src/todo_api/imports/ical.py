"""The tasks of an iCalendar file: its VTODO components (RFC 5545 §3.6.2)."""

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from icalendar.prop import vDDDTypes

from todo_api.imports.fitting import fit
from todo_api.imports.loose import LooseTask
from todo_api.imports.projects import fit_project
from todo_api.imports.report import Report
from todo_api.imports.times import in_utc, wall_clock
from todo_domain import Due, ImportedItem, ImportedProject, Origin, Priority, RecurrenceDraft, origin_key

_SOURCE: Final = "ical"
_PROJECT: Final = "X-TODO-PROJECT"
"""The name of the project, in our own export. There, a task in the trash is CANCELLED."""
_OWN_UID: Final = re.compile(r"task-([1-9][0-9]{0,8})@(.+)")
_FOLD: Final = re.compile(r"\r?\n[ \t]")
# Possessive quantifiers never give back what they matched, so the time is linear.
_LINE: Final = re.compile(r'([A-Za-z0-9-]++)((?:;[A-Za-z0-9-]++=(?:"[^"]*+"|[^";:]*+)*+)*+):(.*)', re.DOTALL)
_PARAMETER: Final = re.compile(r';(TZID|RELTYPE)=(?:"([^"]*+)"|([^";:]*+))', re.IGNORECASE)
_UNTIL_TIME: Final = re.compile(r"(UNTIL=\d{8})T\d{6}Z?")
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_BETWEEN_COMMAS: Final = re.compile(r"(?:[^,\\]|\\.)+", re.DOTALL)
MAX_LINE: Final = 65_536
MAX_PROPERTIES: Final = 2000

_TEXT: Final = {"LOCATION": "Location", "URL": "URL", "COMMENT": "Comment", "PERCENT-COMPLETE": "Percent complete"}
_NOT_IMPORTED: Final = {
    "ATTACH": "attachments",
    "ATTENDEE": "attendees",
    "EXDATE": "excluded days",
    "RDATE": "additional days",
    "VALARM": "reminders",
}


@dataclass(slots=True)
class _Component:
    """A VTODO: its properties by name, each as a list of parameters and value, as they are in the file."""

    row: int
    properties: dict[str, list[tuple[dict[str, str], str]]] = field(default_factory=dict)
    property_count: int = 0
    is_faulty: bool = False

    def first(self, name: str) -> tuple[dict[str, str], str]:
        """Return the parameters and the value of the first property of a name, or empty ones."""
        return self.properties.get(name, [({}, "")])[0]


def read(text: str, report: Report) -> Iterable[ImportedItem]:
    """Return the tasks."""
    if not text.lstrip().upper().startswith("BEGIN:VCALENDAR"):
        raise report.refuse("this is not an iCalendar file: it must begin with BEGIN:VCALENDAR", "icalendar")
    projects: dict[str, ImportedProject] = {}
    tasks = [_task(component, projects, report) for component in _components(text, report)]
    if not tasks and not report.faults:
        raise report.refuse("the file has no VTODO; events can't be imported", "icalendar")
    yield from projects.values()
    yield from fit(_SOURCE, tasks, report)


def _components(text: str, report: Report) -> Iterator[_Component]:
    component, inner = None, ""
    for line in _FOLD.sub("", text).splitlines():
        name, _, value = line[:32].upper().partition(":")
        kind = value.strip() if name in ("BEGIN", "END") else ""
        if kind == "VTODO" and name == "BEGIN":
            component, inner = _Component(report.next_row()), ""
        elif kind == "VTODO" and component:
            yield component
            component = None
        elif component and kind and name == "BEGIN":
            inner = inner or kind
            component.properties.setdefault(kind, [({}, "")])
        elif component and kind:
            inner = "" if kind == inner else inner
        elif component and not inner and not component.is_faulty and line.strip():
            _add_property(component, line, report)
    if component:
        report.fault(component.row, "has no END:VTODO")


def _add_property(component: _Component, line: str, report: Report) -> None:
    name = re.split("[;:]", line[:64], maxsplit=1)[0].upper()
    fault = ""
    if name in _NOT_IMPORTED or (name.startswith("X-") and name != _PROJECT):
        component.properties.setdefault(name, [({}, "")])
    elif len(line) > MAX_LINE:
        fault = f"must have at most {MAX_LINE} characters in a line"
    elif not (found := _LINE.fullmatch(line)):
        fault = "has a line that is not a property (RFC 5545 §3.1)"
    elif component.property_count >= MAX_PROPERTIES:
        fault = f"must have at most {MAX_PROPERTIES} properties"
    else:
        parameters = {key.upper(): quoted or plain for key, quoted, plain in _PARAMETER.findall(found[2])}
        component.properties.setdefault(name, []).append((parameters, found[3]))
        component.property_count += 1
    if fault:
        component.is_faulty = True
        report.fault(component.row, fault)


def _task(component: _Component, projects: dict[str, ImportedProject], report: Report) -> LooseTask:
    uid, instance = _text(component.first("UID")[1]), component.first("RECURRENCE-ID")[1]
    status = component.first("STATUS")[1].upper()
    summary, description = (_text(component.first(name)[1]) for name in ("SUMMARY", "DESCRIPTION"))
    task = LooseTask(
        row=component.row,
        place=uid if uid and not instance else f"row {component.row}",
        parent=_parent_of(component),
        identity=("id", uid, instance) if uid else ("content", summary, description, component.first("DUE")[1]),
        title=summary,
        notes=description,
        complete=status in ("COMPLETED", "CANCELLED") or "COMPLETED" in component.properties,
        completed_at=_instant(component, "COMPLETED", report),
        created_at=_instant(component, "CREATED", report),
        updated_at=_instant(component, "LAST-MODIFIED", report),
        priority=_priority(component, report),
        tags=[tag for _, value in component.properties.get("CATEGORIES", []) for tag in _texts(value)],
    )
    if own := _OWN_UID.fullmatch(uid):
        task.own = (own[2], int(own[1]))
        task.in_trash = status == "CANCELLED"
        task.complete = "COMPLETED" in component.properties
    elif status == "CANCELLED":
        report.note(component.row, "was cancelled, and is imported as complete")
    if name := _text(component.first(_PROJECT)[1]):
        if name not in projects:
            origin = Origin(origin_key(_SOURCE, "project", name))
            projects[name] = fit_project(origin, name, component.row, report, by_name=True)
        task.project = projects[name].origin
    _read_due(component, task, report)
    for name, label in _TEXT.items():
        for _, value in component.properties.get(name, []):
            if name != "PERCENT-COMPLETE" or value not in ("0", "100"):
                task.kept_as_text.append((label, _text(value)))
    for name, label in _NOT_IMPORTED.items():
        if name in component.properties:
            report.note(component.row, f"{label} can't be imported")
    return task


def _read_due(component: _Component, task: LooseTask, report: Report) -> None:
    starts, due = (_moment(component, name, report) for name in ("DTSTART", "DUE"))
    duration = _duration(component, report)
    if due is None and starts is not None and duration is not None:
        due = _ends(starts, duration)
    rules = component.properties.get("RRULE", [])
    if due is None and rules:
        due = starts
    task.due = _due_of(due)
    if starts is not None and starts != due:
        task.kept_as_text.append(("Starts", component.first("DTSTART")[1]))
    for index, (_, value) in enumerate(rules):
        rule = _UNTIL_TIME.sub(r"\1", value.strip().upper())
        if index == 0:
            task.recurrence = RecurrenceDraft(rule)
        else:
            task.kept_as_text.append(("Repeats", rule))


def _ends(starts: Any, duration: dt.timedelta) -> Any:
    try:
        return starts + duration
    except OverflowError:
        return None


def _due_of(moment: dt.date | None) -> Due | None:
    if not isinstance(moment, dt.datetime):
        return Due(moment) if moment else None
    return wall_clock(moment, getattr(moment.tzinfo, "key", None))


def _moment(component: _Component, name: str, report: Report) -> Any:
    """Return a day or a time, with its zone if it has one; None if it is absent or malformed."""
    parameters, value = component.first(name)
    if not value:
        return None
    moment = _parsed(value.strip(), parameters.get("TZID"))
    if not isinstance(moment, dt.date):
        report.note(component.row, f"{name} is not a day or a time")
        return None
    return moment


def _instant(component: _Component, name: str, report: Report) -> dt.datetime | None:
    moment = _moment(component, name, report)
    return in_utc(moment) if isinstance(moment, dt.datetime) else None


def _duration(component: _Component, report: Report) -> dt.timedelta | None:
    value = component.first("DURATION")[1].strip()
    if not value:
        return None
    duration = _parsed(value)
    if not isinstance(duration, dt.timedelta):
        report.note(component.row, "DURATION is not a duration")
        return None
    return duration


def _parsed(value: str, zone: str | None = None) -> Any:
    """Return what the library reads: a day, a time, a duration or a period; None if it is malformed."""
    try:
        return vDDDTypes.from_ical(value, timezone=zone)  # type: ignore[no-untyped-call]
    except (ValueError, OverflowError):
        return None


def _priority(component: _Component, report: Report) -> Priority:
    """Return the priority by RFC 5545 §3.8.1.9: 1–4 is high, 5 medium, 6–9 low, 0 undefined."""
    value = component.first("PRIORITY")[1].strip() or "0"
    if not re.fullmatch("[0-9]", value):
        report.note(component.row, "PRIORITY is not a digit")
        return Priority.MEDIUM
    return (Priority.MEDIUM, *[Priority.HIGH] * 4, Priority.MEDIUM, *[Priority.LOW] * 4)[int(value)]


def _parent_of(component: _Component) -> str | None:
    for parameters, value in component.properties.get("RELATED-TO", []):
        if parameters.get("RELTYPE", "PARENT").upper() == "PARENT":
            return _text(value)
    return None


def _text(value: str) -> str:
    """Return the text of a value of the type TEXT (RFC 5545 §3.3.11)."""
    return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value)


def _texts(value: str) -> list[str]:
    return [_text(tag) for tag in _BETWEEN_COMMAS.findall(value)]
