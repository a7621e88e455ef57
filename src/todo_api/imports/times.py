"""Times and dues of other programs."""

import datetime as dt
from zoneinfo import ZoneInfo

from todo_api.imports.report import Report
from todo_domain import Due, RuleViolated
from todo_domain.due import accept_due
from todo_domain.imported import EARLIEST
from todo_domain.rules import Violations


def instant_of(text: str) -> dt.datetime | None:
    """Return the time that a text in the format of ISO 8601 names, in UTC; without an offset, it is in UTC."""
    try:
        return in_utc(dt.datetime.fromisoformat(text.strip()))
    except ValueError:
        return None


def in_utc(time: dt.datetime) -> dt.datetime | None:
    """Return a time in UTC; without a zone, it is in UTC already. None if it is outside of Python's calendar."""
    try:
        return time.replace(tzinfo=dt.UTC) if time.tzinfo is None else time.astimezone(dt.UTC)
    except OverflowError:
        return None


def fitting_time(time: dt.datetime | None, row: int, report: Report) -> dt.datetime | None:
    """Return a time of the past, None for any other."""
    if time is not None and not EARLIEST <= time <= report.now:
        report.note(row, "has a time in the future or before 1970; the time of the import is used")
        return None
    return time


def due_at(time: dt.datetime, zone: str | None) -> Due:
    """Return the due at a time, as a wall clock in this time zone shows it; in UTC, if the zone is not known."""
    if zone is None or not is_valid(wall_clock(time, zone)):
        return wall_clock(time, "UTC")
    try:
        return wall_clock(time.astimezone(ZoneInfo(zone)), zone)
    except OverflowError:
        return wall_clock(time, "UTC")


def wall_clock(local: dt.datetime, zone: str | None) -> Due:
    """Return the due at a local time of this zone, to the minute."""
    return Due(local.date(), dt.time(local.hour, local.minute), zone)


def fitting_due(due: Due | None) -> tuple[Due | None, str | None]:
    """Return a due with a known time zone or none, and the name of the zone that is not known."""
    if due is None or is_valid(due):
        return due, None
    return Due(due.date, due.time), due.timezone


def is_valid(due: Due) -> bool:
    """Return whether a task can have this due."""
    found = Violations()
    accept_due(found, due)
    try:
        found.raise_if_any()
    except RuleViolated:
        return False
    return True


def text_of(due: Due) -> str:
    """Return a due as text."""
    time = due.time.isoformat("minutes") if due.time else None
    return " ".join(filter(None, (due.date.isoformat(), time, due.timezone)))
