"""VTIMEZONE (RFC 5545 §3.6.5) of a time zone in the IANA database."""

import datetime as dt
from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

_FIRST: Final = dt.datetime(1990, 1, 1)  # noqa: DTZ001 - in UTC, like all moments here
_LAST: Final = dt.datetime(2050, 1, 1)  # noqa: DTZ001
_STEP: Final = dt.timedelta(days=6)
"""Shorter than the time between two changes: Gaza will have winter time for 7 days in 2040."""
_MINUTE: Final = dt.timedelta(minutes=1)


class _Observance(NamedTuple):
    """What a time zone observes from a change on."""

    before: dt.timedelta
    offset: dt.timedelta
    name: str
    is_daylight: bool


@cache
def time_zone(zone: ZoneInfo) -> bytes:
    """Return the text of the VTIMEZONE, with all changes from 1990 to 2049.

    The library's `Timezone.from_tzinfo` misses changes that are less than 64 days apart, and writes the
    beginning of summer time an hour late.
    """
    onsets = {_observed(_FIRST, _FIRST, zone): [_FIRST]}
    for change in _changes(zone):
        observed = _observed(change - _MINUTE, change, zone)
        # An onset is in the local time before the change (RFC 5545 §3.6.5).
        onsets.setdefault(observed, []).append(change + observed.before)
    component = Timezone()
    component.add("TZID", zone.key)
    for observed, (first, *others) in onsets.items():
        part = TimezoneDaylight() if observed.is_daylight else TimezoneStandard()
        part.add("DTSTART", first)
        part.add("TZOFFSETFROM", observed.before)
        part.add("TZOFFSETTO", observed.offset)
        part.add("TZNAME", observed.name)
        if others:
            part.add("RDATE", others)
        component.add_component(part)
    text: bytes = component.to_ical(sorted=False)
    return text


def _observed(before: dt.datetime, change: dt.datetime, zone: ZoneInfo) -> _Observance:
    local = _local(change, zone)
    return _Observance(_offset(before, zone), _offset(change, zone), str(local.tzname()), bool(local.dst()))


def _changes(zone: ZoneInfo) -> Iterator[dt.datetime]:
    """Yield the moments at which the offset from UTC changes."""
    low, offset = _FIRST, _offset(_FIRST, zone)
    while low < _LAST:
        high = low + _STEP
        if _offset(high, zone) != offset:
            before, change = low, high
            while change - before > _MINUTE:
                middle = (before + (change - before) / 2).replace(second=0, microsecond=0)
                before, change = (middle, change) if _offset(middle, zone) == offset else (before, middle)
            yield change
            offset = _offset(high, zone)
        low = high


def _offset(moment: dt.datetime, zone: ZoneInfo) -> dt.timedelta:
    return _local(moment, zone).utcoffset() or dt.timedelta()


def _local(moment: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    return zone.fromutc(moment.replace(tzinfo=zone))
