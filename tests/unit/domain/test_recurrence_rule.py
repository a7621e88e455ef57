from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.strategies import rule_texts
from todo_domain import Frequency, RecurrenceRule, RuleViolated, WeekdayNum, parse_rule
from todo_domain.recurrence.parsing import MAX_RULE_LENGTH

PARTS = "FREQ, INTERVAL, WKST, BYMONTH, BYMONTHDAY, BYDAY, BYSETPOS, COUNT, UNTIL"
FORM = f"must be parts such as FREQ=DAILY, separated by semicolons; the parts are {PARTS}"
MONTH_DAYS = "BYMONTHDAY must be different numbers from 1 to 31 or -1 to -31"
WEEKDAYS = "BYDAY must be different weekdays, such as MO, 1MO or -1MO, with numbers up to 53"
POSITIONS = "BYSETPOS must be different numbers from 1 to 366 or -1 to -366"


def faults_of(text: Any) -> list[str]:
    with pytest.raises(RuleViolated) as refusal:
        parse_rule(text)
    assert {(each.field, each.code) for each in refusal.value.violations} == {
        (("recurrence", "rule"), "recurrence_rule")
    }
    return [violation.message for violation in refusal.value.violations]


def test_a_rule_has_the_values_of_its_text() -> None:
    text = "FREQ=YEARLY;INTERVAL=2;WKST=SU;BYMONTH=1,12;BYMONTHDAY=1,-1;BYDAY=MO,2TU,-1SU;BYSETPOS=1,-2;UNTIL=20301231"

    assert parse_rule(text) == RecurrenceRule(
        frequency=Frequency.YEARLY,
        interval=2,
        week_start=6,
        by_month=(1, 12),
        by_month_day=(1, -1),
        by_day=(WeekdayNum(0, 0), WeekdayNum(2, 1), WeekdayNum(-1, 6)),
        by_set_position=(1, -2),
        until=date(2030, 12, 31),
    )
    assert str(parse_rule(text)) == text
    assert parse_rule("FREQ=DAILY;COUNT=3") == RecurrenceRule(frequency=Frequency.DAILY, count=3)


@given(rule_texts)
def test_a_rule_is_equal_to_the_rule_of_its_canonical_text(text: str) -> None:
    rule = parse_rule(text)

    assert parse_rule(str(rule)) == rule
    assert len(str(rule)) <= len(text)


@given(rule_texts, st.randoms())
def test_the_order_of_parts_does_not_matter(text: str, random: Any) -> None:
    parts = text.split(";")
    random.shuffle(parts)

    assert str(parse_rule(";".join(parts))) == str(parse_rule(text))


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("BYDAY=TH,MO;FREQ=WEEKLY", "FREQ=WEEKLY;BYDAY=MO,TH"),
        ("FREQ=DAILY;INTERVAL=1;WKST=MO", "FREQ=DAILY"),
        ("FREQ=DAILY;INTERVAL=007", "FREQ=DAILY;INTERVAL=7"),
        ("FREQ=MONTHLY;BYDAY=-1FR,+1MO,SU,01FR", "FREQ=MONTHLY;BYDAY=SU,1MO,1FR,-1FR"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1,31,-31,+02", "FREQ=MONTHLY;BYMONTHDAY=2,31,-31,-1"),
        ("BYSETPOS=-1,2,1;BYMONTH=12,02;FREQ=YEARLY", "FREQ=YEARLY;BYMONTH=2,12;BYSETPOS=1,2,-1"),
        ("UNTIL=20261231;FREQ=DAILY;INTERVAL=999", "FREQ=DAILY;INTERVAL=999;UNTIL=20261231"),
        ("COUNT=999;FREQ=YEARLY;BYDAY=53MO,-53MO", "FREQ=YEARLY;BYDAY=53MO,-53MO;COUNT=999"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"),
    ],
)
def test_a_rule_is_written_in_one_form(text: str, canonical: str) -> None:
    assert str(parse_rule(text)) == canonical


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (None, "must be text, such as FREQ=WEEKLY;BYDAY=MO"),
        (["FREQ=DAILY"], "must be text, such as FREQ=WEEKLY;BYDAY=MO"),
        ("FREQ=DAILY;BYMONTH=" + "1," * 5_000, "must have at most 255 characters"),
        ("freq=daily", "must be in capital letters, such as FREQ=DAILY"),
        ("FREQ=DAILY;Interval=2", "must be in capital letters, such as FREQ=DAILY"),
        ("", FORM),
        (";", FORM),
        ("FREQ=DAILY;", FORM),
        (" FREQ=DAILY", FORM),
        ("FREQ=DAILY;X-NAME=1", FORM),
        ("INTERVAL=2", "must have FREQ"),
        ("RRULE:FREQ=DAILY", "must not have RRULE"),
        ("FREQ=DAILY;BYHOUR=9", "must not have BYHOUR"),
        ("FREQ=DAILY;BYMINUTE=9", "must not have BYMINUTE"),
        ("FREQ=DAILY;BYSECOND=9", "must not have BYSECOND"),
        ("FREQ=YEARLY;BYYEARDAY=9", "must not have BYYEARDAY"),
        ("FREQ=YEARLY;BYWEEKNO=9", "must not have BYWEEKNO"),
        ("FREQ=YEARLY;BYEASTER=0", "must not have BYEASTER"),
        ("FREQ=MONTHLY;BYMONTHDAY=31;SKIP=BACKWARD", "must not have SKIP"),
        ("FREQ=DAILY;EXDATE=20261201", "must not have EXDATE"),
        ("FREQ=DAILY;DTSTART=20261201", "must not have DTSTART"),
        ("FREQ=DAILY\nDTSTART:20261201", "must not have DTSTART"),
        ("FREQ=DAILY\nRDATE;VALUE=DATE:20261201", "must not have RDATE"),
        ("FREQ=", "FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY"),
        ("FREQ", "FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY"),
        ("FREQ=HOURLY", "FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY"),
        ("FREQ=DAILY,WEEKLY", "FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY"),
        ("FREQ=DAILY\n", "FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY"),
        ("FREQ=DAILY;FREQ=DAILY", "must have FREQ only once"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL must be 1 to 999"),
        ("FREQ=DAILY;INTERVAL=1000", "INTERVAL must be 1 to 999"),
        ("FREQ=DAILY;INTERVAL=-1", "INTERVAL must be 1 to 999"),
        ("FREQ=DAILY;INTERVAL=+1", "INTERVAL must be 1 to 999"),
        ("FREQ=DAILY;INTERVAL=1.5", "INTERVAL must be 1 to 999"),
        ("FREQ=DAILY;INTERVAL=\u0663", "INTERVAL must be 1 to 999"),
        ("FREQ=DAILY;INTERVAL=1=2", "INTERVAL must be 1 to 999"),
        ("FREQ=DAILY;INTERVAL=1_0", "INTERVAL must be 1 to 999"),
        ("FREQ=DAILY;COUNT=0", "COUNT must be 1 to 999"),
        ("FREQ=DAILY;COUNT=1000", "COUNT must be 1 to 999"),
        ("FREQ=DAILY;COUNT=1;COUNT=1", "must have COUNT only once"),
        ("FREQ=DAILY;COUNT=1;UNTIL=20261231", "must not have both COUNT and UNTIL"),
        ("FREQ=DAILY;UNTIL=2026-12-31", "UNTIL must be a day, such as 20261231"),
        ("FREQ=DAILY;UNTIL=20261231T000000Z", "UNTIL must be a day, such as 20261231"),
        ("FREQ=DAILY;UNTIL=20260230", "UNTIL must be a day, such as 20261231"),
        ("FREQ=DAILY;UNTIL=00000101", "UNTIL must be a day, such as 20261231"),
        ("FREQ=DAILY;UNTIL=2026W537", "UNTIL must be a day, such as 20261231"),
        ("FREQ=DAILY;WKST=XX", "WKST must be a weekday, such as MO"),
        ("FREQ=DAILY;WKST=MO,TU", "WKST must be a weekday, such as MO"),
        ("FREQ=DAILY;BYMONTH=0", "BYMONTH must be different numbers from 1 to 12"),
        ("FREQ=DAILY;BYMONTH=13", "BYMONTH must be different numbers from 1 to 12"),
        ("FREQ=DAILY;BYMONTH=-1", "BYMONTH must be different numbers from 1 to 12"),
        ("FREQ=DAILY;BYMONTH=1,1", "BYMONTH must be different numbers from 1 to 12"),
        ("FREQ=DAILY;BYMONTH=1,", "BYMONTH must be different numbers from 1 to 12"),
        ("FREQ=DAILY;BYMONTH=5L", "BYMONTH must be different numbers from 1 to 12"),
        ("FREQ=DAILY;BYMONTHDAY=0", MONTH_DAYS),
        ("FREQ=DAILY;BYMONTHDAY=32", MONTH_DAYS),
        ("FREQ=DAILY;BYMONTHDAY=-32", MONTH_DAYS),
        ("FREQ=DAILY;BYMONTHDAY=1,+1", MONTH_DAYS),
        ("FREQ=DAILY;BYMONTHDAY=--1", MONTH_DAYS),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "must not have BYMONTHDAY with FREQ=WEEKLY"),
        ("FREQ=DAILY;BYDAY=", WEEKDAYS),
        ("FREQ=DAILY;BYDAY=MON", WEEKDAYS),
        ("FREQ=DAILY;BYDAY=MO,MO", WEEKDAYS),
        ("FREQ=MONTHLY;BYDAY=1MO,+1MO", WEEKDAYS),
        ("FREQ=MONTHLY;BYDAY=0MO", WEEKDAYS),
        ("FREQ=MONTHLY;BYDAY=54MO", WEEKDAYS),
        ("FREQ=MONTHLY;BYDAY=1", WEEKDAYS),
        ("FREQ=MONTHLY;BYDAY=+MO", WEEKDAYS),
        ("FREQ=DAILY;BYDAY=1MO", "BYDAY must not have numbers, such as 1MO, unless FREQ is MONTHLY or YEARLY"),
        ("FREQ=WEEKLY;BYDAY=MO,-1SU", "BYDAY must not have numbers, such as 1MO, unless FREQ is MONTHLY or YEARLY"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0", POSITIONS),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=367", POSITIONS),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1,1", POSITIONS),
        ("FREQ=MONTHLY;BYSETPOS=1", "must have BYMONTH, BYMONTHDAY or BYDAY with BYSETPOS"),
        ("FREQ=DAILY;BYDAY=MO;BYSETPOS=1", "must not have BYSETPOS unless FREQ is MONTHLY or YEARLY"),
        ("FREQ=WEEKLY;BYDAY=MO;BYSETPOS=1", "must not have BYSETPOS unless FREQ is MONTHLY or YEARLY"),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_a_faulty_rule_is_refused_by_the_name_of_the_fault(text: Any, fault: str) -> None:
    assert faults_of(text) == [fault]


def test_all_faults_of_a_rule_are_reported_at_once() -> None:
    assert faults_of("FREQ=DAILY;INTERVAL=0;COUNT=0;;;A=1") == [
        "INTERVAL must be 1 to 999",
        "COUNT must be 1 to 999",
        FORM,
    ]
    assert faults_of("RRULE:FREQ=HOURLY;BYHOUR=1;BYHOUR=2") == ["must not have RRULE", "must not have BYHOUR"]
    assert len(faults_of("FREQ=WEEKLY;BYMONTHDAY=1;BYDAY=1MO;BYSETPOS=1;COUNT=1;UNTIL=20261231")) == 4


@given(
    st.lists(
        st.sampled_from(["FREQ=", "DAILY", "MONTHLY", ";", "BYDAY=", "MO", "-1", ",", "COUNT=", "9", "\n"]), max_size=12
    ).map("".join)
    | st.text()
)
def test_any_text_is_a_rule_or_is_refused(text: str) -> None:
    try:
        rule = parse_rule(text)
    except RuleViolated:
        return
    assert parse_rule(str(rule)) == rule


def test_a_rule_has_at_most_255_characters() -> None:
    text = "FREQ=MONTHLY;BYMONTHDAY=" + ",".join(map(str, [*range(10, 32), *range(-31, 0)]))
    longest = text.replace("=10", "=" + "+10").ljust(MAX_RULE_LENGTH, "0")
    assert parse_rule(text)
    assert faults_of(longest) == [MONTH_DAYS]
    assert faults_of(longest + "0") == ["must have at most 255 characters"]
