"""The tasks of a removed or restored project: read without their content, and changed in bulk."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.domain.strategies import ALICE, NOON, project, task
from todo_adapters.in_memory.task_list import TaskList
from todo_domain import (
    Batch,
    BatchEffects,
    BatchFailed,
    BulkChange,
    BulkKind,
    Create,
    CreateProject,
    ListCounters,
    LockTasks,
    Move,
    Neighbours,
    Operation,
    Patch,
    PatchProject,
    ProjectDraft,
    ProjectPatch,
    Read,
    Remove,
    RemoveProject,
    Restore,
    RestoreProject,
    TaskDraft,
    TaskPatch,
    Tombstone,
    TrashedProject,
    TrashedTask,
    list_state,
    run_evaluation,
)

AT = NOON.replace(year=2027)
TITLED = TaskDraft(title="x")


def new_list() -> TaskList:
    """Return a list with tasks in two projects, and a third project in the trash with two of its tasks."""
    tasks = [task(id=number, revision=number, project_id=number % 2 + 1) for number in range(1, 5)]
    trashed = [TrashedTask(task(id=number, revision=number + 4, project_id=3), NOON, 3) for number in (5, 6)]
    return TaskList(
        counters=ListCounters(
            revision=11,
            last_task_id=6,
            open_count=4,
            task_count=4,
            deletion_count=2,
            trash_count=2,
            last_project_id=3,
            project_count=2,
        ),
        tasks={each.id: each for each in tasks},
        deleted={each.id: each for each in trashed},
        projects={number: project(id=number) for number in (1, 2)},
        deleted_projects={3: TrashedProject(project(id=3)._replace(revision=11), NOON)},
    )


def apply(tasks: TaskList, *operations: Operation) -> tuple[BatchEffects, list[Read]]:
    """Apply a batch, and return its effects and what its evaluation read."""
    batch, reads = Batch(operations), list[Read]()

    def read(asked: Read) -> Any:
        reads.append(asked)
        return tasks.read(asked)

    effects = run_evaluation(batch.evaluation(ALICE, tasks.find_states(batch.task_ids), tasks.counters, AT), read)
    tasks.write(effects, effects.counters)
    return effects, reads


@pytest.mark.parametrize(
    ("operation", "reach"),
    [(RestoreProject(3), 1), (RemoveProject(1), 3), (Remove(1), 2), (Create(TITLED), 1)],
    ids=repr,
)
def test_a_move_reads_as_many_more_neighbours_as_the_store_has_at_earlier_places(
    operation: Operation, reach: int
) -> None:
    _, reads = apply(new_list(), operation, Create(TITLED, Move(first=True)))

    assert [each.reach for each in reads if isinstance(each, Neighbours)] == [reach]


def test_the_content_of_tasks_that_follow_their_project_is_not_read() -> None:
    for operation, change in (
        (RemoveProject(1), BulkChange(BulkKind.TRASH, 1, {2: 12, 4: 13}, AT)),
        (RemoveProject(1, permanent=True), BulkChange(BulkKind.ERASE, 1, {2: 12, 4: 13}, AT)),
        (RestoreProject(3), BulkChange(BulkKind.RESTORE, 3, {5: 13, 6: 14}, AT)),
    ):
        effects, reads = apply(new_list(), operation)

        assert effects.changes == ()
        assert effects.bulk == (change,)
        assert not any(isinstance(each, LockTasks) for each in reads)


def test_a_task_that_the_batch_has_read_is_changed_in_its_place_among_the_others() -> None:
    effects, _ = apply(new_list(), Patch(3, TaskPatch(project_id=1)), RemoveProject(1))

    assert [(change.id, change.revision) for change in effects.changes] == [(3, 14)]
    assert [change.revisions for change in effects.bulk] == [{2: 13, 4: 15}]
    assert effects.outcomes[-1].revision == 16


def test_a_bulk_change_gives_each_task_its_revision_and_erases_what_it_does_not_keep() -> None:
    live = task(id=4, revision=1, project_id=1)
    trashed = TrashedTask(live, NOON, 1)
    revisions = {4: 9}

    def after(kind: BulkKind, state: Any) -> object:
        return BulkChange(kind, 1, revisions, AT).applied_to(state)

    moved = live._replace(revision=9)
    assert after(BulkKind.TRASH, live) == TrashedTask(moved, AT, 1)
    assert after(BulkKind.RESTORE, trashed) == moved._replace(updated_at=AT)
    assert after(BulkKind.ERASE, live) == Tombstone(4, 9, AT)


task_ids, project_ids = st.integers(1, 7), st.integers(1, 4)
moves = st.none() | st.builds(Move, after=st.integers(1, 6))
operations = st.one_of(
    st.builds(lambda into: Create(TaskDraft(title="new", project_id=into)), st.none() | project_ids),
    st.builds(
        lambda task_id, into, move: Patch(task_id, TaskPatch(project_id=into), move=move),
        task_ids,
        st.none() | project_ids,
        moves,
    ),
    st.builds(Remove, task_ids, st.none(), st.booleans()),
    st.builds(Restore, task_ids),
    st.just(CreateProject(ProjectDraft(name="new"))),
    st.builds(lambda project_id: PatchProject(project_id, ProjectPatch(archived=True)), project_ids),
    st.builds(RemoveProject, project_ids, st.none(), st.booleans()),
    st.builds(RestoreProject, project_ids),
)


@settings(max_examples=150)
@given(st.lists(operations, min_size=2, max_size=6))
def test_a_batch_on_projects_equals_its_operations_done_one_by_one_until_the_first_failure(
    several: list[Operation],
) -> None:
    at_once, one_by_one = new_list(), new_list()

    done = 0
    with suppress(BatchFailed):
        for operation in several:
            apply(one_by_one, operation)
            done += 1

    if done < len(several):
        with pytest.raises(BatchFailed, match=f"^operation {done}: "):
            apply(at_once, *several)
        assert at_once == new_list()
    else:
        apply(at_once, *several)
        assert at_once == one_by_one


def test_tasks_that_follow_their_project_into_the_trash_and_back_are_read_for_their_way_back() -> None:
    tasks = new_list()

    effects, reads = apply(tasks, RemoveProject(1), RestoreProject(1))

    assert LockTasks([2, 4]) in reads
    assert effects.bulk == ()
    assert [(change.id, change.revision) for change in effects.changes] == [(2, 16), (4, 17)]
    assert sorted(tasks.tasks) == [1, 2, 3, 4]


def test_a_batch_of_several_operations_changes_a_bounded_number_of_tasks_with_projects(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(list_state, "MAX_BULK", 3)

    with pytest.raises(BatchFailed, match="operation 1: : must have at most 3 tasks") as failed:
        apply(new_list(), RemoveProject(1), RemoveProject(2))
    assert failed.value.part == "project"

    monkeypatch.setattr(list_state, "MAX_BULK", 1)
    apply(new_list(), RemoveProject(1))
    apply(new_list(), RestoreProject(3))
