"""The rules of a project, and the evaluation of operations on projects."""

from datetime import timedelta
from typing import Any

import pytest

from tests.unit.domain.strategies import ALICE, NOON, project
from todo_domain import (
    ABSENT,
    AllProjects,
    Batch,
    BatchEffects,
    BatchFailed,
    Create,
    CreateProject,
    EmptyPatch,
    ListCounters,
    Move,
    Operation,
    Patch,
    PatchProject,
    Project,
    ProjectDraft,
    ProjectNotFound,
    ProjectPatch,
    QuotaExceeded,
    Quotas,
    Read,
    RemoveProject,
    RuleViolated,
    TaskDraft,
    TaskPatch,
    TrashedProject,
    run_evaluation,
)
from todo_domain.project import MAX_PROJECTS
from todo_domain.project_evaluation import ProjectsState

LATER = NOON + timedelta(seconds=1)


def evaluate(*operations: Operation, projects: list[Project] | None = None) -> tuple[BatchEffects, list[Read]]:
    """Return the effects of the operations on a list with these projects, and what the evaluation read."""
    stored = projects or []
    counters = ListCounters(revision=9, last_project_id=len(stored), project_count=len(stored))
    reads: list[Read] = []

    def read(asked: Read) -> Any:
        reads.append(asked)
        assert isinstance(asked, AllProjects)
        return stored

    return run_evaluation(Batch(operations).evaluation(ALICE, {}, counters, NOON), read), reads


@pytest.mark.parametrize("name", ["a", "\U0001f600" * 100, "a b"])
def test_a_project_has_a_name_of_1_to_100_characters(name: str) -> None:
    assert ProjectDraft(name=f" {name}\n").name == name
    assert ProjectPatch(name=f" {name}\n").name == name


@pytest.mark.parametrize("name", ["", " ", "a" * 101, "a\tb", "\u200b", "\0", "\ud800", None, 5])
def test_any_other_name_is_refused(name: Any) -> None:
    for make in (ProjectDraft, ProjectPatch):
        with pytest.raises(RuleViolated, match=r"^name: "):
            make(name=name)


def test_all_violations_of_a_project_are_reported_together() -> None:
    nothing: Any = None

    with pytest.raises(RuleViolated, match=r"^name: .*; archived: must be true or false$"):
        ProjectDraft(name="", archived=nothing)


def test_a_patch_of_a_project_must_name_a_field() -> None:
    with pytest.raises(EmptyPatch):
        ProjectPatch(name=ABSENT)
    with pytest.raises(EmptyPatch):
        PatchProject(1)


def test_a_patch_that_alters_nothing_returns_the_same_project() -> None:
    one = project()

    assert one.patched(ProjectPatch(name="a", archived=False), LATER) is one
    assert one.patched(ProjectPatch(name="b"), LATER) == one._replace(name="b", updated_at=LATER)


def test_the_time_of_a_change_never_decreases() -> None:
    one = project()._replace(updated_at=LATER)
    state = ProjectsState(ALICE, [], NOON)

    state.restore(TrashedProject(one, LATER), ListCounters(last_project_id=1))

    assert one.patched(ProjectPatch(name="b"), NOON).updated_at == LATER
    assert isinstance(restored := state.changes[1], Project)
    assert restored.updated_at == LATER


def test_projects_are_read_once_and_only_if_an_operation_needs_them() -> None:
    _, reads = evaluate(CreateProject(ProjectDraft(name="a")), CreateProject(ProjectDraft(name="b")))
    _, none = evaluate(Create(TaskDraft(title="a")), Patch(1, TaskPatch(title="b")))

    assert reads == [AllProjects()]
    assert none == []


def test_the_counters_and_outcomes_of_tasks_and_projects_are_in_the_order_of_the_operations() -> None:
    effects, _ = evaluate(
        CreateProject(ProjectDraft(name="a")), Create(TaskDraft(title="b")), CreateProject(ProjectDraft(name="c"))
    )

    assert [(outcome.id, outcome.revision) for outcome in effects.outcomes] == [(1, 10), (1, 11), (2, 12)]
    assert [change.revision for change in (*effects.changes, *effects.project_changes)] == [11, 10, 12]
    assert effects.counters == ListCounters(
        revision=12, last_task_id=1, open_count=1, task_count=1, last_project_id=2, project_count=2
    )


@pytest.mark.parametrize("operation", [PatchProject(2, ProjectPatch(name="b")), RemoveProject(2)])
def test_an_operation_on_a_project_that_does_not_exist_fails(operation: Operation) -> None:
    with pytest.raises(BatchFailed, match=r"^operation 0: no project 2$") as failure:
        evaluate(operation, projects=[project()])

    assert isinstance(failure.value.cause, ProjectNotFound)


@pytest.mark.parametrize("anchor", [2, 9])
def test_a_project_is_not_placed_beside_itself_or_a_project_that_does_not_exist(anchor: int) -> None:
    with pytest.raises(BatchFailed, match=r"^operation 0: move\.before: must be the id of another item of the list$"):
        evaluate(PatchProject(2, move=Move(before=anchor)), projects=[project(), project("b", id=2)])


def test_a_project_that_is_in_its_place_is_not_changed_by_a_move() -> None:
    effects, _ = evaluate(PatchProject(1, move=Move(first=True)), projects=[project(), project("b", id=2)])

    assert effects.project_changes == ()
    assert effects.counters.revision == 9


def test_a_full_number_of_projects_refuses_another_one() -> None:
    full = ListCounters(project_count=MAX_PROJECTS)

    with pytest.raises(QuotaExceeded, match="at most 200 projects"):
        Quotas().check(full, full._replace(project_count=MAX_PROJECTS + 1))
    Quotas().check(full, full)


@pytest.mark.parametrize("operation", [PatchProject(1, ProjectPatch(name="b"), [2]), RemoveProject(1, [2])])
def test_a_false_precondition_refuses_an_operation_on_a_project(operation: Operation) -> None:
    with pytest.raises(BatchFailed, match=r"^operation 0: the current revision is 1$"):
        evaluate(operation, projects=[project()])


def test_projects_are_spread_before_a_position_gets_long_and_keep_their_times() -> None:
    stored = {1: project(), 2: project("b", id=2)}
    spread = dict[int, Project]()

    for _ in range(4):
        effects, _ = evaluate(
            *[CreateProject(ProjectDraft(name="x"), Move(after=1))] * 100, projects=[*stored.values()]
        )
        changed = {change.id: change for change in effects.project_changes if isinstance(change, Project)}
        spread |= {number: each for number, each in changed.items() if number in stored}
        stored |= changed

    positions = {each.position for each in stored.values()}
    assert spread
    assert {each.updated_at for each in spread.values()} == {NOON}
    assert len(positions) == len(stored)
    assert max(map(len, positions)) < 64
