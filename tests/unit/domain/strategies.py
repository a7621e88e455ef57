"""Strategies for tasks and their parts, for the property tests."""

import datetime as dt
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time
from typing import Any

from hypothesis import strategies as st

from todo_adapters.contract.field_values import DRAFT_VALUES
from todo_domain import (
    ChecklistItem,
    Due,
    DuePatch,
    Priority,
    Project,
    ProjectDraft,
    Task,
    TaskDraft,
    TaskPatch,
    UserId,
)
from todo_domain.recurrence.rule import WEEKDAYS
from todo_domain.task import MAX_REVISION, MAX_TASK_ID
from todo_domain.text import is_visible

ALICE = UserId("alice")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

CONTROLS = [chr(code) for code in range(0x20)]
SURROGATES = ["\ud800", "\udbff", "\udc00", "\udfff", "\ud83d\ude00"]

instants = st.datetimes(timezones=st.just(UTC))
task_ids = st.integers(1, MAX_TASK_ID)
revisions = st.integers(1, MAX_REVISION)


def texts(most: int, also: str = "") -> st.SearchStrategy[str]:
    alphabet = st.characters(exclude_categories=["Cs"], exclude_characters=set(CONTROLS) - set(also))
    return st.text(alphabet, max_size=most)


def lines(most: int) -> st.SearchStrategy[str]:
    return texts(most).filter(is_visible)


clock_times = st.builds(time, st.integers(0, 23), st.integers(0, 59))
zones = st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu"])
dues = st.builds(Due, st.dates(), st.none() | clock_times) | st.builds(Due, st.dates(), clock_times, zones)


# Short texts of letters with special case rules: fast to generate, and often equal except for case.
# Other tests check the limits by examples.
def words(most: int) -> st.SearchStrategy[str]:
    return st.text(
        "aAi \u00df\u1e9e\u03a3\u03c2\u0130\u0307\u0301\u00e1\u4e16\U0001f600", min_size=1, max_size=most
    ).filter(str.strip)


# The values of each field suit those of every other: so there is no recurrence, which needs a due.
fields: dict[str, st.SearchStrategy[Any]] = {
    name: st.sampled_from(few) for name, few in DRAFT_VALUES.items() if name != "recurrence"
} | {
    "title": words(5),
    "description": st.none() | words(5),
    "complete": st.booleans(),
    "priority": st.sampled_from(Priority),
    "due": st.none() | dues,
    "tags": st.lists(words(3), max_size=3).map(tuple),
    "checklist": st.lists(st.builds(ChecklistItem, words(3).map(str.strip), st.booleans()), max_size=3).map(tuple),
}
drafts = st.builds(TaskDraft, **fields)
patches = st.fixed_dictionaries({}, optional=fields).filter(bool).map(lambda named: TaskPatch(**named))

due_parts: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {}, optional={"date": st.dates(), "time": st.none() | clock_times, "timezone": st.none() | zones}
)
due_patches = due_parts.map(lambda parts: DuePatch(**parts))

new_tasks = st.builds(Task.from_draft, drafts, user_id=st.just(ALICE), id=task_ids, revision=revisions, at=instants)
tasks = new_tasks | st.builds(Task.patched, new_tasks, patches, instants)


def task(title: str = "Buy milk", *, id: int = 1, revision: int = 1, at: datetime = NOON, **named: Any) -> Task:
    return Task.from_draft(TaskDraft(title=title, **named), user_id=ALICE, id=id, revision=revision, at=at)


def project(name: str = "a", *, id: int = 1, **named: Any) -> Project:
    return Project.from_draft(ProjectDraft(name=name, **named), user_id=ALICE, id=id, revision=id, at=NOON)


def _lists(values: Iterable[object]) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(list(map(str, values))), min_size=1, max_size=4, unique=True).map(",".join)


def _weekdays_with_numbers(most: int) -> st.SearchStrategy[str]:
    return _lists(f"{n}{weekday}" for n in range(-most, most + 1) if n for weekday in WEEKDAYS)


def _rule_text(parts: dict[str, Any]) -> str:
    if not {"BYMONTH", "BYMONTHDAY", "BYDAY"} & parts.keys():
        parts.pop("BYSETPOS", None)
    parts |= parts.pop("end", {})
    return ";".join(f"{name}={value}" for name, value in parts.items())


_months, _weekdays = _lists(range(1, 13)), _lists(WEEKDAYS)
_any_rule = {
    "INTERVAL": st.integers(1, 20) | st.integers(1, 999),
    "WKST": st.sampled_from(WEEKDAYS),
    "end": st.integers(1, 30).map(lambda count: {"COUNT": count})
    | st.dates(dt.date(1990, 1, 1), dt.date(2035, 1, 1)).map(lambda day: {"UNTIL": f"{day:%Y%m%d}"}),
}
_with_month_days = {**_any_rule, "BYMONTHDAY": _lists([*range(1, 32), *range(-31, 0)])}
_with_positions = {**_with_month_days, "BYSETPOS": _lists([*range(1, 8), *range(-7, 0), 31, -31, 366, -366])}
_of_a_month, _of_a_year = (_weekdays | _weekdays_with_numbers(most) for most in (5, 53))


def _texts(
    frequency: str, optional: Mapping[str, st.SearchStrategy[Any]], **required: st.SearchStrategy[Any]
) -> st.SearchStrategy[str]:
    return st.fixed_dictionaries({"FREQ": st.just(frequency), **required}, optional=optional).map(_rule_text)


# The values of one BYDAY have numbers, or none has. Numbers are possible ones: up to 5 within a month.
rule_texts = st.one_of(
    _texts("DAILY", {**_with_month_days, "BYMONTH": _months, "BYDAY": _weekdays}),
    _texts("WEEKLY", {**_any_rule, "BYMONTH": _months, "BYDAY": _weekdays}),
    _texts("MONTHLY", {**_with_positions, "BYMONTH": _months, "BYDAY": _of_a_month}),
    _texts("YEARLY", {**_with_positions, "BYDAY": _of_a_month}, BYMONTH=_months),
    _texts("YEARLY", {**_with_positions, "BYDAY": _of_a_year}),
)
