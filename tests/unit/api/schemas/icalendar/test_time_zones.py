"""A VTIMEZONE says the same offsets as the IANA database."""

import datetime as dt
from functools import cache
from io import StringIO
from zoneinfo import ZoneInfo, available_timezones

import pytest
from dateutil.tz import tzical
from hypothesis import given
from hypothesis import strategies as st

from todo_api.schemas.icalendar.time_zones import time_zone

# With some that changed for a month and for 12 days, two of the south, and one that crossed the date line.
BEGIN = dt.datetime(1990, 1, 2, tzinfo=dt.UTC)
ZONES = [
    "Africa/Casablanca",
    "America/Argentina/Tucuman",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Europe/Dublin",
    "Pacific/Apia",
]


@given(st.sampled_from(ZONES), st.integers(0, 365 * 60 * 24 - 1))
def test_a_local_time_has_the_same_offset(name: str, hours: int) -> None:
    zone = ZoneInfo(name)
    local = (BEGIN + dt.timedelta(hours=hours)).astimezone(zone).replace(tzinfo=None)

    assert _read(zone).utcoffset(local) == zone.utcoffset(local)


@pytest.mark.parametrize(
    ("name", "onset"),
    [
        ("Europe/Berlin", "20260329T020000"),
        ("Europe/Berlin", "20261025T030000"),
        ("America/New_York", "20260308T020000"),
        ("Africa/Casablanca", "20120720T030000"),
        ("America/Argentina/Tucuman", "20040613T000000"),
    ],
)
def test_an_onset_is_in_the_local_time_before_the_change(name: str, onset: str) -> None:
    text = time_zone(ZoneInfo(name)).decode().replace("\r\n ", "")

    assert onset in text


def test_the_text_of_every_time_zone_is_small() -> None:
    assert max(len(time_zone(ZoneInfo(name))) for name in ZONES) < 5_000
    assert len(available_timezones()) < 700


@cache
def _read(zone: ZoneInfo) -> dt.tzinfo:
    """Return the time zone as dateutil reads it. It knows RRULE in a VTIMEZONE, and only one value in an RDATE."""
    text = time_zone(zone).decode().replace("\r\n ", "")
    lines = [
        f"{line.partition(':')[0]}:{value}" for line in text.splitlines() for value in line.partition(":")[2].split(",")
    ]
    found = tzical(StringIO("\r\n".join(lines))).get()
    assert found
    return found
