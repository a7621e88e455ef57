from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.strategies import ALICE, NOON, drafts, patches, project, task
from todo_domain import (
    AllProjects,
    Batch,
    BatchEffects,
    BatchFailed,
    Create,
    EmptyPatch,
    Erase,
    ListCounters,
    Neighbours,
    Operation,
    Outcome,
    Patch,
    PreconditionFailed,
    Read,
    Remove,
    Restore,
    RuleViolated,
    Task,
    TaskDraft,
    TaskNotFound,
    TaskPatch,
    TaskState,
    Tombstone,
    TrashedTask,
    run_evaluation,
)

LATER = NOON + timedelta(hours=1)
MILK = task("Buy milk", id=1, revision=4)
BREAD = task("Buy bread", id=3, revision=2)
EGGS = TrashedTask(task("Buy eggs", id=2, revision=3), NOON)
STORED: dict[int, TaskState] = {1: MILK, 2: EGGS, 3: BREAD}
COUNTERS = ListCounters(revision=5, last_task_id=3, open_count=2, task_count=2, deletion_count=1, trash_count=1)
PROJECTS = [project("a", id=1), project("b", id=2, archived=True)]

rename = TaskPatch(title="Buy oat milk")
ids = st.integers(1, 6)
expectations = st.none() | st.frozensets(st.integers(1, 8), max_size=4)
operations = st.one_of(
    st.builds(Create, drafts),
    st.builds(Patch, ids, patches, expectations),
    st.builds(Remove, ids, expectations, st.booleans()),
    st.builds(Restore, ids, expectations),
    st.builds(Erase, ids, expectations),
)


sequences = st.lists(operations, min_size=1, max_size=5)

State = tuple[dict[int, TaskState], ListCounters, list[Outcome]]


def effects_of(batch: Batch, *, stored: dict[int, TaskState], counters: ListCounters, at: datetime) -> BatchEffects:
    def read(asked: Read) -> Any:
        if isinstance(asked, AllProjects):
            return PROJECTS
        assert isinstance(asked, Neighbours)  # a restored task reads whether its position is free
        return [], []

    return run_evaluation(batch.evaluation(ALICE, stored, counters, at), read)


def evaluate(*operations: Operation) -> BatchEffects:
    return effects_of(Batch(operations), stored=STORED, counters=COUNTERS, at=LATER)


def written(stored: dict[int, TaskState], changes: Iterable[TaskState]) -> dict[int, TaskState]:
    return stored | {change.id: change for change in changes}


def at_once(several: list[Operation]) -> State | int:
    """Return the state after one batch, or the index of the operation that fails."""
    try:
        effects = evaluate(*several)
    except BatchFailed as failure:
        return failure.index
    return written(STORED, effects.changes), effects.counters, list(effects.outcomes)


def one_by_one(several: list[Operation]) -> State | int:
    """Return the state after batches of one operation each, or the index of the first that fails."""
    stored, counters, outcomes = STORED, COUNTERS, list[Outcome]()
    for index, operation in enumerate(several):
        try:
            effects = effects_of(Batch((operation,)), stored=stored, counters=counters, at=LATER)
        except BatchFailed:
            return index
        stored = written(stored, effects.changes)
        counters = effects.counters
        outcomes += effects.outcomes
    return stored, counters, outcomes


@pytest.mark.parametrize("size", [1, 100])
def test_a_batch_has_1_to_100_operations(size: int) -> None:
    assert len(Batch((Remove(1),) * size).operations) == size


@pytest.mark.parametrize(
    "operations", [(), (Remove(1),) * 101, None, "abc", 5, [Remove(1)], Remove(1)], ids=lambda value: repr(value)[:20]
)
def test_another_number_of_operations_is_refused(operations: Any) -> None:
    with pytest.raises(RuleViolated, match=r"^operations: must have 1 to 100 operations$"):
        Batch(operations)


def test_every_entry_that_is_not_an_operation_is_named() -> None:
    entries: Any = (Remove(1), "remove", None, Create(TaskDraft(title="x")), [])
    message = "must be an operation on tasks or projects"

    with pytest.raises(
        RuleViolated, match=rf"^operations\.1: {message}; operations\.2: {message}; operations\.4: {message}$"
    ):
        Batch(entries)


def test_the_task_ids_of_a_batch_are_unique_and_ascending() -> None:
    batch = Batch((Remove(7), Create(TaskDraft(title="x")), Patch(2, rename), Patch(7, rename), Remove(11)))

    assert batch.task_ids == [2, 7, 11]


def test_creating_assigns_the_next_ids_and_revisions() -> None:
    effects = evaluate(Create(TaskDraft(title="a")), Create(TaskDraft(title="b")))

    assert effects.changes == (task("a", id=4, revision=6, at=LATER), task("b", id=5, revision=7, at=LATER))
    assert effects.outcomes == (Outcome(4, 6), Outcome(5, 7))
    assert effects.counters == COUNTERS._replace(revision=7, last_task_id=5, open_count=4, task_count=4)


def test_revisions_continue_above_the_floor_of_the_store() -> None:
    counters = COUNTERS._replace(revision_floor=100)

    effects = effects_of(Batch((Patch(1, rename), Remove(3))), stored=STORED, counters=counters, at=LATER)

    assert effects.outcomes == (Outcome(1, 101), Outcome(3, 102))
    assert effects.counters == counters._replace(
        revision=102, open_count=1, task_count=1, deletion_count=2, trash_count=2
    )


def test_patching_gives_the_task_the_next_revision() -> None:
    effects = evaluate(Patch(1, rename))

    (changed,) = effects.changes
    assert isinstance(changed, Task)
    assert (changed.title, changed.revision, changed.updated_at) == ("Buy oat milk", 6, LATER)
    assert effects.outcomes == (Outcome(1, 6),)
    assert effects.counters == COUNTERS._replace(revision=6)


def test_patching_to_the_present_values_changes_nothing() -> None:
    effects = evaluate(Patch(1, TaskPatch(title="Buy milk")))

    assert effects == BatchEffects((), COUNTERS, (Outcome(1, 4),))


def test_removing_moves_the_task_to_the_trash_with_the_next_revision() -> None:
    effects = evaluate(Remove(3))

    trashed = TrashedTask(BREAD._replace(revision=6), LATER)
    counters = COUNTERS._replace(revision=6, open_count=1, task_count=1, deletion_count=2, trash_count=2)
    assert effects == BatchEffects((trashed,), counters, (Outcome(3, 6),))


def test_removing_permanently_leaves_a_tombstone_with_the_next_revision() -> None:
    effects = evaluate(Remove(3, permanent=True))

    counters = COUNTERS._replace(revision=6, open_count=1, task_count=1, deletion_count=2)
    assert effects == BatchEffects((Tombstone(3, 6, LATER),), counters, (Outcome(3, 6),))


def test_restoring_puts_the_task_into_the_list_with_the_next_revision() -> None:
    effects = evaluate(Restore(2, frozenset({3})))

    restored = EGGS.task._replace(revision=6, updated_at=LATER)
    counters = COUNTERS._replace(revision=6, open_count=3, task_count=3, deletion_count=0, trash_count=0)
    assert effects == BatchEffects((restored,), counters, (Outcome(2, 6),))


def test_erasing_leaves_a_tombstone_with_the_revision_and_the_time_of_the_deletion() -> None:
    effects = evaluate(Erase(2, frozenset({3})))

    counters = COUNTERS._replace(trash_count=0)
    assert effects == BatchEffects((Tombstone(2, 3, NOON),), counters, (Outcome(2, 3),))


@pytest.mark.parametrize("task_id", [1, 4], ids=["in the list", "unknown"])
def test_only_a_task_in_the_trash_can_be_restored_or_erased(task_id: int) -> None:
    for operation in (Restore(task_id), Erase(task_id)):
        with pytest.raises(BatchFailed, match=rf"^operation 0: no task {task_id}$"):
            evaluate(operation)
    for first in (Restore(2), Erase(2)):
        with pytest.raises(BatchFailed, match=r"^operation 1: no task 2$"):
            evaluate(first, Restore(2))


def test_operations_see_the_effects_of_those_before_them() -> None:
    effects = evaluate(
        Create(TaskDraft(title="a")),
        Patch(4, TaskPatch(title="b"), frozenset({6})),
        Patch(4, TaskPatch(title="b"), frozenset({7})),
        Remove(1, frozenset({4})),
    )

    created, removed = effects.changes
    assert isinstance(created, Task)
    assert (created.title, created.revision) == ("b", 7)
    assert removed == TrashedTask(MILK._replace(revision=8), LATER)
    assert effects.outcomes == (Outcome(4, 6), Outcome(4, 7), Outcome(4, 7), Outcome(1, 8))


def test_a_task_that_is_added_and_removed_is_in_the_trash_and_uses_up_its_id() -> None:
    effects = evaluate(Create(TaskDraft(title="a")), Remove(4))

    trashed = TrashedTask(task("a", id=4, revision=7, at=LATER), LATER)
    counters = COUNTERS._replace(revision=7, last_task_id=4, deletion_count=2, trash_count=2)
    assert effects == BatchEffects((trashed,), counters, (Outcome(4, 6), Outcome(4, 7)))


@pytest.mark.parametrize("operation", [Patch(2, rename), Remove(2), Patch(0, rename), Remove(2**63)], ids=repr)
def test_a_batch_fails_if_a_task_does_not_exist(operation: Operation) -> None:
    with pytest.raises(BatchFailed) as failure:
        evaluate(Create(TaskDraft(title="a")), operation)

    assert failure.value.index == 1
    assert isinstance(failure.value.cause, TaskNotFound)
    assert failure.value.__cause__ is failure.value.cause


@pytest.mark.parametrize("operation", [Patch(1, rename), Remove(1)], ids=["patch", "remove"])
def test_a_removed_task_does_not_exist_for_later_operations(operation: Operation) -> None:
    with pytest.raises(BatchFailed, match=r"^operation 1: no task 1$"):
        evaluate(Remove(1), operation)


@pytest.mark.parametrize("expected", [frozenset(), frozenset({3, 5})], ids=["none", "others"])
def test_a_batch_fails_if_a_task_is_not_at_an_expected_revision(expected: frozenset[int]) -> None:
    for operation in (
        Patch(1, rename, expected),
        Remove(1, expected),
        Restore(2, expected - {3}),
        Erase(2, frozenset()),
    ):
        with pytest.raises(BatchFailed, match=r"^operation 1: the current revision is [34]$") as failure:
            evaluate(Create(TaskDraft(title="a")), operation)

        assert isinstance(failure.value.cause, PreconditionFailed)


def test_a_precondition_is_checked_even_if_the_patch_changes_nothing() -> None:
    with pytest.raises(BatchFailed, match=r"^operation 0: the current revision is 4$"):
        evaluate(Patch(1, TaskPatch(title="Buy milk"), frozenset({3})))


@given(sequences)
def test_a_batch_equals_its_operations_done_one_by_one_until_the_first_failure(several: list[Operation]) -> None:
    assert at_once(several) == one_by_one(several)


@given(sequences)
def test_every_change_has_its_own_revision_and_the_last_one_is_the_revision_of_the_list(
    several: list[Operation],
) -> None:
    try:
        effects = evaluate(*several)
    except BatchFailed:
        return

    raised = {outcome.revision for outcome in effects.outcomes} - {stored.revision for stored in STORED.values()}
    assert raised == set(range(COUNTERS.revision + 1, effects.counters.revision + 1))
    for change in effects.changes:
        erased = isinstance(change, Tombstone) and change.revision == EGGS.revision
        assert erased or COUNTERS.revision < change.revision <= effects.counters.revision


def test_a_batch_never_sets_an_earlier_time() -> None:
    long_ago = datetime(2000, 1, 1, tzinfo=UTC)

    (changed,) = effects_of(Batch((Patch(1, rename),)), stored=STORED, counters=COUNTERS, at=long_ago).changes

    assert isinstance(changed, Task)
    assert changed.updated_at == NOON


def test_evaluating_a_batch_does_not_change_the_stored_tasks() -> None:
    stored = dict(STORED)

    batch = Batch((Create(TaskDraft(title="a")), Patch(1, rename), Remove(3)))
    effects_of(batch, stored=stored, counters=COUNTERS, at=LATER)

    assert stored == STORED


def test_a_patch_operation_names_a_field_or_a_move() -> None:
    with pytest.raises(EmptyPatch):
        Patch(1)
