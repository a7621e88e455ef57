"""Only what an earlier operation of the same batch creates can be named by its `ref`."""

from typing import Any

import pytest

from todo_domain import (
    Batch,
    Create,
    CreateProject,
    Erase,
    Operation,
    Patch,
    PatchProject,
    ProjectDraft,
    ProjectPatch,
    Ref,
    Remove,
    RemoveProject,
    Restore,
    RestoreProject,
    RuleViolated,
    TaskDraft,
    TaskPatch,
)

A, T = Ref("a"), Ref("t")
PROJECT = CreateProject(ProjectDraft(name="x"), ref="a")
TASK = Create(TaskDraft(title="x"), ref="t")
RENAME = ProjectPatch(name="y")


def refused(*operations: Operation) -> list[tuple[str, str]]:
    """Return the path and the code of each violation."""
    with pytest.raises(RuleViolated) as violated:
        Batch(operations)
    return [(".".join(map(str, each.field)), each.code) for each in violated.value.violations]


@pytest.mark.parametrize("operation", [Patch(T, TaskPatch(title="y")), Remove(T), Restore(T), Erase(T)], ids=repr)
def test_a_task_is_named_by_the_ref_of_an_earlier_operation_that_creates_one(operation: Operation) -> None:
    Batch((PROJECT, TASK, operation))

    assert refused(operation) == [("operations.0.id", "unknown_ref")]
    assert refused(operation, TASK) == [("operations.0.id", "unknown_ref")]
    assert refused(CreateProject(ProjectDraft(name="x"), ref="t"), operation) == [("operations.1.id", "unknown_ref")]


@pytest.mark.parametrize("operation", [PatchProject(A, RENAME), RemoveProject(A), RestoreProject(A)], ids=repr)
def test_a_project_is_named_by_the_ref_of_an_earlier_operation_that_creates_one(operation: Operation) -> None:
    Batch((PROJECT, TASK, operation))

    assert refused(operation, PROJECT) == [("operations.0.id", "unknown_ref")]
    assert refused(Create(TaskDraft(title="x"), ref="a"), operation) == [("operations.1.id", "unknown_ref")]


@pytest.mark.parametrize(
    "operation", [Create(TaskDraft(title="x", project_id=A)), Patch(1, TaskPatch(project_id=A))], ids=repr
)
def test_a_task_is_put_into_a_project_that_an_earlier_operation_creates(operation: Operation) -> None:
    Batch((PROJECT, operation))

    assert refused(operation, PROJECT) == [("operations.0.task.project_id", "unknown_ref")]


def test_an_operation_cannot_name_what_it_creates_itself() -> None:
    own = Create(TaskDraft(title="x", project_id=A), ref="a")

    assert refused(own) == [("operations.0.task.project_id", "unknown_ref")]


def test_a_ref_is_given_once_in_a_batch() -> None:
    assert refused(TASK, PROJECT, TASK, Create(TaskDraft(title="x"), ref="a")) == [
        ("operations.2.ref", "duplicate_ref"),
        ("operations.3.ref", "duplicate_ref"),
    ]


@pytest.mark.parametrize("ref", ["", " ", "a\nb", "x" * 51, 5, ["a"]], ids=repr)
def test_a_ref_has_1_to_50_characters_on_one_line(ref: Any) -> None:
    ((place, _),) = refused(Create(TaskDraft(title="x"), ref=ref))

    assert place == "operations.0.ref"


def test_a_ref_is_compared_with_the_white_space_at_its_ends() -> None:
    padded = Create(TaskDraft(title="x"), ref=" t ")
    Batch((TASK, padded, Remove(T), Remove(Ref(" t "))))

    assert refused(padded, Remove(T)) == [("operations.1.id", "unknown_ref")]


def test_a_named_task_or_project_is_not_stored_before_the_batch() -> None:
    batch = Batch((PROJECT, TASK, Remove(T), RemoveProject(A), Remove(7), RemoveProject(3)))

    assert (batch.task_ids, batch.project_ids) == ([7], [3])
