from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.strategies import dues
from todo_domain import Due, RuleViolated, TaskDraft
from todo_domain.due import first_key_of, last_key_of

DAY = date(2026, 12, 1)


def drafted(due: Any) -> Due | None:
    return TaskDraft(title="x", due=due).due


@given(dues)
def test_a_due_can_be_restored_from_its_sort_key_and_time_zone(due: Due) -> None:
    assert Due.from_sort_key(due.sort_key, due.timezone) == due


@given(dues, dues)
def test_dues_are_ordered_by_day_then_by_time_with_no_time_last(one: Due, other: Due) -> None:
    def moment(due: Due) -> tuple[date, bool, time]:
        return due.date, due.time is None, due.time or time.min

    assert (one.sort_key < other.sort_key) is (moment(one) < moment(other))


@given(dues, st.dates())
def test_the_keys_of_a_day_enclose_its_dues_and_no_others(due: Due, day: date) -> None:
    assert first_key_of(due.date) <= due.sort_key <= last_key_of(due.date)
    assert (first_key_of(day) <= due.sort_key <= last_key_of(day)) is (due.date == day)


def test_midnight_differs_from_no_time() -> None:
    assert Due(DAY, time(0, 0)).sort_key == "2026-12-01T00:00"
    assert Due(DAY).sort_key == "2026-12-01T24:00"


@given(dues)
def test_a_due_is_stored_as_given(due: Due) -> None:
    assert drafted(due) == due


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Asia/Kathmandu"])
def test_a_time_may_have_an_iana_time_zone(zone: str) -> None:
    assert drafted(Due(DAY, time(17), zone)) == Due(DAY, time(17), zone)


@pytest.mark.parametrize(
    "zone", ["", "Mars/Olympus", "europe/berlin", "Europe/Berlin ", "../etc/passwd", "localtime", "\0", "\ud800", 1, []]
)
def test_a_time_zone_that_is_not_an_iana_name_is_refused(zone: Any) -> None:
    with pytest.raises(RuleViolated, match=r"^due\.timezone: must be the name of an IANA time zone$"):
        drafted(Due(DAY, time(17), zone))


def test_a_time_zone_needs_a_time() -> None:
    with pytest.raises(RuleViolated, match=r"^due\.timezone: needs a time$"):
        drafted(Due(DAY, timezone="UTC"))


@pytest.mark.parametrize(
    "moment",
    [
        time(17, 0, 1),
        time(17, 0, 0, 1),
        time(17, tzinfo=UTC),
        time(17, tzinfo=timezone(timedelta(hours=2))),
        datetime(2026, 12, 1, 17, tzinfo=UTC),
        "17:00",
        17,
        (),
    ],
)
def test_a_time_that_is_not_a_wall_clock_time_in_whole_minutes_is_refused(moment: Any) -> None:
    with pytest.raises(RuleViolated, match=r"^due\.time: must be a time of the day, such as 17:00$"):
        drafted(Due(DAY, moment))


@pytest.mark.parametrize("day", [None, "2026-12-01", 20261201, datetime(2026, 12, 1, tzinfo=UTC), time(17)])
def test_a_due_needs_a_day(day: Any) -> None:
    with pytest.raises(RuleViolated, match=r"^due\.date: must be a day, such as 2026-12-01$"):
        drafted(Due(day))


@pytest.mark.parametrize("value", ["2026-12-01", DAY, {"date": DAY}, 0, False, ()])
def test_a_value_that_is_not_a_due_is_refused(value: Any) -> None:
    with pytest.raises(RuleViolated, match=r"^due: must be a day, with or without a time and a time zone$"):
        drafted(value)


def test_all_violations_of_a_due_are_reported_at_once() -> None:
    nothing: Any = None

    with pytest.raises(RuleViolated) as refusal:
        drafted(Due(nothing, time(17, 0, 30), "Mars/Olympus"))

    assert [violation.field for violation in refusal.value.violations] == [
        ("due", "date"),
        ("due", "time"),
        ("due", "timezone"),
    ]


def test_a_due_with_a_time_zone_that_was_dropped_stays_readable() -> None:
    assert Due.from_sort_key("2026-12-01T17:00", "Mars/Olympus").timezone == "Mars/Olympus"


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Europe/Berlin", date(2026, 12, 1)),
        ("UTC", date(2026, 11, 30)),
        ("America/Los_Angeles", date(2026, 11, 30)),
        (None, date(2026, 11, 30)),
        ("Mars/Olympus", date(2026, 11, 30)),
    ],
)
def test_the_day_of_a_moment_is_that_in_the_time_zone_of_the_due_or_else_in_utc(zone: str | None, day: date) -> None:
    moment = datetime(2026, 12, 1, 0, 30, tzinfo=timezone(timedelta(hours=1)))

    assert Due(DAY, time(17), zone).day_at(moment) == day


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "America/Los_Angeles"])
@pytest.mark.parametrize("moment", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)])
def test_a_moment_at_an_end_of_the_calendar_has_a_day(zone: str, moment: datetime) -> None:
    day = Due(DAY, time(17), zone).day_at(moment)

    assert abs(day - moment.date()) <= timedelta(1)
