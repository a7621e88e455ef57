from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.strategies import ALICE, NOON, drafts, fields, instants, new_tasks, patches, task, tasks
from todo_domain import PreconditionFailed, Task, TaskDraft, TaskPatch

LATER = NOON + timedelta(hours=1)
EARLIER = NOON - timedelta(hours=1)


def decided(of: Task | TaskDraft) -> dict[str, object]:
    """Return the fields that a client sets."""
    return {name: getattr(of, name) for name in TaskDraft.__dataclass_fields__}


def in_order(moments: Sequence[datetime]) -> bool:
    return list(moments) == sorted(moments)


@given(drafts, instants)
def test_a_new_task_has_the_values_of_its_draft(draft: TaskDraft, at: datetime) -> None:
    new = Task.from_draft(draft, user_id=ALICE, id=7, revision=9, at=at)

    assert decided(new) == decided(draft)
    assert (new.user_id, new.id, new.revision) == (ALICE, 7, 9)
    assert new.created_at == new.updated_at == at
    assert new.completed_at == (at if draft.complete else None)


@given(tasks, patches, instants)
def test_a_patch_changes_the_fields_it_names_and_no_others(old: Task, patch: TaskPatch, at: datetime) -> None:
    new = old.patched(patch, at)

    assert decided(new) == decided(old) | patch.named_fields()


@given(tasks, patches, instants)
def test_no_change_alters_id_owner_or_creation(old: Task, patch: TaskPatch, at: datetime) -> None:
    new = old.patched(patch, at)

    for name in ("user_id", "id", "revision", "created_at"):
        assert getattr(new, name) == getattr(old, name)


@given(tasks, patches, instants, instants)
def test_repeating_a_patch_changes_nothing(old: Task, patch: TaskPatch, at: datetime, again: datetime) -> None:
    once = old.patched(patch, at)

    assert once.patched(patch, again) is once


@given(tasks, st.sets(st.sampled_from(sorted(fields)), min_size=1), instants)
def test_a_patch_to_the_present_values_changes_nothing(old: Task, names: set[str], at: datetime) -> None:
    named: dict[str, Any] = {name: getattr(old, name) for name in names}

    assert old.patched(TaskPatch(**named), at) is old


@given(tasks, patches, instants)
def test_a_task_changes_if_and_only_if_a_field_of_the_draft_changes(old: Task, patch: TaskPatch, at: datetime) -> None:
    new = old.patched(patch, at)

    assert (new is old) is (decided(new) == decided(old))


@given(tasks, patches, instants)
def test_a_change_does_not_modify_the_old_task(old: Task, patch: TaskPatch, at: datetime) -> None:
    before = old._asdict()

    old.patched(patch, at)

    assert old._asdict() == before


@given(new_tasks, st.lists(st.tuples(patches, instants), max_size=5))
def test_times_never_go_back_even_if_the_clock_does(first: Task, edits: list[tuple[TaskPatch, datetime]]) -> None:
    states = [first]
    for patch, at in edits:
        states.append(states[-1].patched(patch, at))

    assert in_order([state.updated_at for state in states])
    for state in states:
        assert in_order([state.created_at, *filter(None, [state.completed_at]), state.updated_at])


@pytest.mark.parametrize(("at", "expected"), [(EARLIER, NOON), (NOON, NOON), (LATER, LATER)])
def test_a_change_has_the_time_of_the_clock_unless_the_clock_went_back(at: datetime, expected: datetime) -> None:
    assert task().patched(TaskPatch(title="Buy oat milk"), at).updated_at == expected


def test_completing_sets_completed_at() -> None:
    done = task().patched(TaskPatch(complete=True), LATER)

    assert done.complete
    assert done.completed_at == done.updated_at == LATER


def test_completing_again_keeps_completed_at() -> None:
    done = task().patched(TaskPatch(complete=True), NOON)

    still_done = done.patched(TaskPatch(complete=True, title="Buy oat milk"), LATER)

    assert still_done.completed_at == NOON
    assert still_done.updated_at == LATER


def test_reopening_clears_completed_at_and_completing_again_sets_it_anew() -> None:
    done = task(complete=True)

    reopened = done.patched(TaskPatch(complete=False), LATER)
    done_again = reopened.patched(TaskPatch(complete=True), LATER + timedelta(hours=1))

    assert not reopened.complete
    assert reopened.completed_at is None
    assert done_again.completed_at == LATER + timedelta(hours=1)


def test_completed_at_is_never_before_the_previous_change() -> None:
    assert task().patched(TaskPatch(complete=True), EARLIER).completed_at == NOON


def test_a_precondition_holds_at_any_of_the_expected_revisions() -> None:
    seen = task(revision=5)

    seen.require(None)
    seen.require(frozenset({5}))
    seen.require(frozenset({4, 5}))


@pytest.mark.parametrize("expected", [{4}, {6}, {4, 6}, set()], ids=str)
def test_a_task_at_another_revision_fails_the_precondition(expected: set[int]) -> None:
    with pytest.raises(PreconditionFailed, match=r"^the current revision is 5$") as refusal:
        task(revision=5).require(frozenset(expected))

    assert refusal.value.current == 5


def test_times_have_microsecond_precision() -> None:
    at = datetime(2026, 3, 1, 12, 0, 0, 1, tzinfo=UTC)

    assert task()._replace(updated_at=NOON).patched(TaskPatch(title="b"), at).updated_at == at
