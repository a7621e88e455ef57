"""Values of iCalendar properties."""

import datetime as dt
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from icalendar import Parameters, vDate, vDatetime, vRecur

from todo_domain import Due
from todo_domain.recurrence import RecurrenceRule

_ESCAPES: Final = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\r": "\\n", "\n": "\\n", "\x7f": None})


class Text:
    r"""One or several texts as the value of a property (RFC 5545 §3.3.11).

    iCalendar has one line break, so CR and CR LF become LF; it has no DEL, which is left out. The
    library's `vText` would also change `\N`, as in `C:\New`, to a line break.
    """

    __slots__ = ("_texts", "params")

    def __init__(self, *texts: str) -> None:
        self._texts = texts
        self.params = Parameters()

    def to_ical(self) -> bytes:
        """Return the escaped texts, separated by commas."""
        return ",".join(text.replace("\r\n", "\n").translate(_ESCAPES) for text in self._texts).encode()


def moment(due: Due, day: dt.date) -> vDate | vDatetime:
    """Return the value of a due on a day: the day, a floating time, a time in a time zone, or a time in UTC."""
    if due.time is None:
        return vDate(day, {"VALUE": "DATE"})
    value = vDatetime(dt.datetime.combine(day, due.time))
    if zone_of(due):
        value.params["TZID"] = due.timezone  # the library writes UTC as `Z`
    return value


def zone_of(due: Due) -> ZoneInfo | None:
    """Return the time zone of a due; None without one, and if the time zone database no longer has it."""
    return _zone(due.timezone) if due.timezone else None


@cache
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError:
        return None


def recur(rule: RecurrenceRule, due: Due) -> vRecur:
    """Return the value of RRULE for a start with the form of this due (RFC 5545 §3.3.10, UNTIL)."""
    value: vRecur = vRecur.from_ical(str(rule))
    if rule.until and due.time:
        value["UNTIL"] = _last_moment(dt.datetime.combine(rule.until, due.time), zone_of(due))
    return value


def _last_moment(local: dt.datetime, zone: ZoneInfo | None) -> dt.datetime:
    """Return a local time in UTC, if it has a time zone."""
    if zone is None:
        return local
    try:
        return local.replace(tzinfo=zone).astimezone(dt.UTC)
    except OverflowError:  # within a day of an end of Python's calendar
        return local.replace(tzinfo=dt.UTC)
