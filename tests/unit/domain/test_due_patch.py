from dataclasses import asdict
from datetime import date, time
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.unit.domain.strategies import NOON, due_patches, dues, task
from todo_domain import Batch, BatchFailed, Due, DuePatch, ListCounters, Patch, RuleViolated, TaskPatch

DAY = date(2026, 12, 1)
DUE = Due(DAY, time(17), "Europe/Berlin")


def patched(due: Due | None, **parts: Any) -> Due | None:
    return task(due=due).patched(TaskPatch(due=DuePatch(**parts)), NOON).due


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"date": date(2026, 12, 2)}, Due(date(2026, 12, 2), time(17), "Europe/Berlin")),
        ({"time": time(18)}, Due(DAY, time(18), "Europe/Berlin")),
        ({"timezone": "UTC"}, Due(DAY, time(17), "UTC")),
        ({"timezone": None}, Due(DAY, time(17))),
        ({"time": None, "timezone": None}, Due(DAY)),
    ],
)
def test_a_patch_of_a_due_changes_the_parts_it_names_and_no_others(parts: dict[str, Any], expected: Due) -> None:
    assert patched(DUE, **parts) == expected


def test_a_patch_of_a_due_that_names_no_part_changes_nothing() -> None:
    old = task(due=DUE)

    assert old.patched(TaskPatch(due=DuePatch()), NOON) is old


def test_a_patch_with_a_day_makes_the_due_of_a_task_that_has_none() -> None:
    assert patched(None, date=DAY, time=time(18)) == Due(DAY, time(18))


def test_a_due_in_a_patch_replaces_all_of_the_tasks_due() -> None:
    assert task(due=DUE).patched(TaskPatch(due=Due(DAY)), NOON).due == Due(DAY)


@pytest.mark.parametrize(
    ("due", "parts", "broken"),
    [
        (DUE, {"time": None}, "due.timezone: needs a time"),
        (Due(DAY), {"timezone": "UTC"}, "due.timezone: needs a time"),
        (None, {}, "due.date: is required"),
        (None, {"time": time(18)}, "due.date: is required"),
        (None, {"timezone": "UTC"}, "due.date: is required; due.timezone: needs a time"),
    ],
)
def test_a_patched_due_keeps_the_rules_of_a_due(due: Due | None, parts: dict[str, Any], broken: str) -> None:
    with pytest.raises(RuleViolated) as refusal:
        patched(due, **parts)

    assert str(refusal.value) == broken


def test_each_part_is_checked_before_a_task_is_known() -> None:
    nothing: Any = None

    with pytest.raises(RuleViolated) as refusal:
        TaskPatch(title="", due=DuePatch(date=nothing, time=time(17, 0, 30), timezone="Mars/Olympus"))

    assert [violation.field for violation in refusal.value.violations] == [
        ("title",),
        ("due", "date"),
        ("due", "time"),
        ("due", "timezone"),
    ]


def test_a_time_zone_that_was_dropped_does_not_prevent_a_patch_of_the_time() -> None:
    forgotten = Due(DAY, time(17), "Mars/Olympus")

    assert DuePatch(time=time(18)).applied_to(forgotten) == Due(DAY, time(18), "Mars/Olympus")


def test_a_batch_fails_at_the_patch_whose_due_would_break_a_rule() -> None:
    batch = Batch((Patch(1, TaskPatch(due=DuePatch(time=None))),))
    old = task(due=DUE)

    with pytest.raises(BatchFailed, match=r"^operation 0: due\.timezone: needs a time$"):
        next(batch.evaluation(old.user_id, {1: old}, ListCounters(1, 1), NOON))


@given(st.none() | dues, due_patches)
def test_a_patch_of_a_due_is_a_merge_of_its_parts(due: Due | None, patch: DuePatch) -> None:
    parts = {"date": None, "time": None, "timezone": None} | (asdict(due) if due else {}) | patch.named_parts()
    assume(parts["date"] and (parts["time"] or not parts["timezone"]))

    assert asdict(patch.applied_to(due)) == parts
