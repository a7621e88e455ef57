"""Reads the text of a recurrence rule, and names every fault."""

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeVar

from todo_domain.recurrence.rule import WEEKDAYS, Frequency, RecurrenceRule, WeekdayNum
from todo_domain.rules import Violations

MAX_RULE_LENGTH: Final = 255
MAX_INTERVAL: Final = 999
MAX_COUNT: Final = 999

RULE_FIELD: Final = ("recurrence", "rule")

# Other names of RFC 5545, of its extension RFC 7529 and of libraries; each is refused by its name.
_UNSUPPORTED = re.compile(
    r"\b(RRULE|EXRULE|RDATE|EXDATE|DTSTART|BYSECOND|BYMINUTE|BYHOUR|BYYEARDAY|BYWEEKNO|BYEASTER|RSCALE|SKIP)\b"
)
_NUMBER = re.compile("[0-9]{1,3}")
_SIGNED_NUMBER = re.compile("[+-]?[0-9]{1,3}")
_WEEKDAY_NUM = re.compile(f"([+-]?[0-9]{{1,2}})?({'|'.join(WEEKDAYS)})")
_DAY = re.compile("[0-9]{8}")

_Value = TypeVar("_Value", int, WeekdayNum)


def parse_rule(text: object) -> RecurrenceRule:
    """Return the rule that a text describes, such as `FREQ=WEEKLY;BYDAY=MO,TH`.

    The text is the value of an RRULE in capital letters, with at most 255 characters and
    its parts in any order. The rules for it are those of RFC 5545 §3.3.10, some of them
    narrower:

    - FREQ is required: DAILY, WEEKLY, MONTHLY or YEARLY
    - INTERVAL: 1–999; WKST: a weekday
    - BYMONTH: 1–12
    - BYMONTHDAY: 1–31 or -1 to -31; not with WEEKLY
    - BYDAY: weekdays; with a number, 1–53 or -1 to -53, only with MONTHLY and YEARLY
    - BYSETPOS: 1–366 or -1 to -366; only with MONTHLY and YEARLY, and with another BY part
    - COUNT: 1–999; or UNTIL: a day, such as 20261231

    Each part, and each value of a part, occurs once at most. Raises RuleViolated with all
    faults of the text.
    """
    found = Violations()
    rule = accept_rule(found, text)
    found.raise_if_any()
    assert rule  # noqa: S101 - for the type checker
    return rule


def accept_rule(found: Violations, text: object) -> RecurrenceRule | None:
    """Return the rule that a text describes; or None, and add the faults of the text to `found`."""
    values: dict[str, Any] = {}
    # Equal faults are reported once.
    faults = list(dict.fromkeys(_read(text, values))) or list(_conflicts(values))
    for fault in faults:
        found.add(RULE_FIELD, "recurrence_rule", fault)
    return None if faults else RecurrenceRule(**{_PARTS[name][0]: value for name, value in values.items()})


def _read(text: object, values: dict[str, Any]) -> Iterator[str]:
    """Put the value of each part into `values`, and yield the faults of single parts."""
    if not isinstance(text, str):
        yield "must be text, such as FREQ=WEEKLY;BYDAY=MO"
    elif len(text) > MAX_RULE_LENGTH:
        yield f"must have at most {MAX_RULE_LENGTH} characters"
    elif text != text.upper():
        yield "must be in capital letters, such as FREQ=DAILY"
    elif unsupported := _UNSUPPORTED.findall(text):
        yield from (f"must not have {name}" for name in unsupported)
    else:
        for part in text.split(";"):
            yield from _read_part(part, values)


def _read_part(part: str, values: dict[str, Any]) -> Iterator[str]:
    name, _, text = part.partition("=")
    if name not in _PARTS:
        yield f"must be parts such as FREQ=DAILY, separated by semicolons; the parts are {', '.join(_PARTS)}"
    elif name in values:
        yield f"must have {name} only once"
    else:
        _, read, message = _PARTS[name]
        try:
            values[name] = read(text)
        except ValueError:
            values[name] = None
            yield f"{name} must be {message}"


def _conflicts(values: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the parts together (RFC 5545 §3.3.10, the rule of each part)."""
    frequency = values.get("FREQ")
    if frequency is None:
        yield "must have FREQ"
        return
    if "COUNT" in values and "UNTIL" in values:
        yield "must not have both COUNT and UNTIL"
    if frequency is Frequency.WEEKLY and "BYMONTHDAY" in values:
        yield "must not have BYMONTHDAY with FREQ=WEEKLY"
    if frequency in (Frequency.DAILY, Frequency.WEEKLY):
        if any(each.ordinal for each in values.get("BYDAY", ())):
            yield "BYDAY must not have numbers, such as 1MO, unless FREQ is MONTHLY or YEARLY"
        if "BYSETPOS" in values:
            yield "must not have BYSETPOS unless FREQ is MONTHLY or YEARLY"
    if "BYSETPOS" in values and values.keys().isdisjoint({"BYMONTH", "BYMONTHDAY", "BYDAY"}):
        yield "must have BYMONTH, BYMONTHDAY or BYDAY with BYSETPOS"


def _number(text: str, most: int, pattern: re.Pattern[str] = _NUMBER) -> int:
    number = int(_matched(pattern, text)[0])
    if not 1 <= abs(number) <= most:
        raise ValueError
    return number


def _numbers(text: str, most: int, pattern: re.Pattern[str] = _SIGNED_NUMBER) -> tuple[int, ...]:
    return _in_order([_number(each, most, pattern) for each in text.split(",")])


def _weekday_nums(text: str) -> tuple[WeekdayNum, ...]:
    matches = [_matched(_WEEKDAY_NUM, each) for each in text.split(",")]
    return _in_order(
        [
            WeekdayNum(_number(ordinal, 53, _SIGNED_NUMBER) if ordinal else 0, WEEKDAYS.index(weekday))
            for ordinal, weekday in (match.groups() for match in matches)
        ]
    )


def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(_matched(_DAY, text)[0])


def _matched(pattern: re.Pattern[str], text: str) -> re.Match[str]:
    if match := pattern.fullmatch(text):
        return match
    raise ValueError


def _in_order(values: list[_Value]) -> tuple[_Value, ...]:
    """Return the values in canonical order: those that count from the end come last."""
    if len(set(values)) < len(values):
        raise ValueError
    return tuple(sorted(values, key=lambda value: (str(value).startswith("-"), value)))


# The field of each part, what reads its value, and what the value must be.
_PARTS: Mapping[str, tuple[str, Callable[[str], object], str]] = {
    "FREQ": ("frequency", Frequency, "DAILY, WEEKLY, MONTHLY or YEARLY"),
    "INTERVAL": ("interval", lambda text: _number(text, MAX_INTERVAL), f"1 to {MAX_INTERVAL}"),
    "WKST": ("week_start", WEEKDAYS.index, "a weekday, such as MO"),
    "BYMONTH": ("by_month", lambda text: _numbers(text, 12, _NUMBER), "different numbers from 1 to 12"),
    "BYMONTHDAY": ("by_month_day", lambda text: _numbers(text, 31), "different numbers from 1 to 31 or -1 to -31"),
    "BYDAY": ("by_day", _weekday_nums, "different weekdays, such as MO, 1MO or -1MO, with numbers up to 53"),
    "BYSETPOS": ("by_set_position", lambda text: _numbers(text, 366), "different numbers from 1 to 366 or -1 to -366"),
    "COUNT": ("count", lambda text: _number(text, MAX_COUNT), f"1 to {MAX_COUNT}"),
    "UNTIL": ("until", _day, "a day, such as 20261231"),
}
