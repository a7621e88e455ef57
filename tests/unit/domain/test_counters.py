import pytest

from tests.unit.domain.strategies import ALICE, NOON, task
from todo_domain import ListCounters, Project, ProjectDraft, ProjectTombstone, TaskState, Tombstone, TrashedTask

OPEN = task("open", id=3, revision=7)
DONE = OPEN._replace(completed_at=NOON)
TRASHED = TrashedTask(OPEN, NOON)
ERASED = Tombstone(3, 7, NOON)
COUNTERS = ListCounters(
    revision=6, last_task_id=2, open_count=1, task_count=2, deletion_count=4, trash_count=2, key_count=5
)
AFTER = COUNTERS._replace(revision=7, last_task_id=3)


@pytest.mark.parametrize(
    ("previous", "change", "expected"),
    [
        (None, OPEN, AFTER._replace(open_count=2, task_count=3)),
        (None, DONE, AFTER._replace(task_count=3)),
        (OPEN, OPEN, AFTER),
        (OPEN, DONE, AFTER._replace(open_count=0)),
        (DONE, OPEN, AFTER._replace(open_count=2)),
        (DONE, DONE, AFTER),
        (OPEN, ERASED, AFTER._replace(open_count=0, task_count=1, deletion_count=5)),
        (DONE, ERASED, AFTER._replace(task_count=1, deletion_count=5)),
        (OPEN, TRASHED, AFTER._replace(open_count=0, task_count=1, deletion_count=5, trash_count=3)),
        (TRASHED, OPEN, AFTER._replace(open_count=2, task_count=3, deletion_count=3, trash_count=1)),
        (TRASHED, DONE, AFTER._replace(task_count=3, deletion_count=3, trash_count=1)),
        (TRASHED, ERASED, AFTER._replace(trash_count=1)),
    ],
)
def test_a_change_is_counted_by_what_the_task_was_before(
    previous: TaskState | None, change: TaskState, expected: ListCounters
) -> None:
    assert COUNTERS.after(change, previous) == expected


def test_the_last_id_never_decreases() -> None:
    assert COUNTERS.after(task("a", id=1, revision=7), OPEN).last_task_id == 2


def test_erasing_an_old_deletion_keeps_the_revision_of_the_list() -> None:
    assert COUNTERS.after(Tombstone(2, 3, NOON), TRASHED).revision == COUNTERS.revision


def test_outcomes_of_a_key_are_counted_one_by_one() -> None:
    assert COUNTERS.with_outcomes(3) == COUNTERS._replace(key_count=8)


@pytest.mark.parametrize(("revision", "floor", "expected"), [(0, 0, 1), (6, 3, 7), (6, 100, 101)])
def test_the_next_revision_is_above_the_last_one_and_the_floor(revision: int, floor: int, expected: int) -> None:
    assert ListCounters(revision=revision, revision_floor=floor).next_revision == expected


def test_projects_are_counted_apart_from_tasks() -> None:
    project = Project.from_draft(ProjectDraft(name="a"), user_id=ALICE, id=1, revision=7, at=NOON)

    added = COUNTERS.after_project(project, None)
    changed = added.after_project(project._replace(revision=8), project)
    removed = changed.after_project(ProjectTombstone(1, 9, NOON), project)

    assert added == COUNTERS._replace(revision=7, last_project_id=1, project_count=1)
    assert changed == added._replace(revision=8)
    assert removed == added._replace(revision=9, project_count=0)


@pytest.mark.parametrize(
    ("removed", "removed_open", "trashed", "expected"),
    [
        (2, 1, 2, {"open_count": 0, "task_count": 0, "deletion_count": 6, "trash_count": 4}),
        (2, 1, 0, {"open_count": 0, "task_count": 0, "deletion_count": 6}),
        (-2, -1, -2, {"open_count": 2, "task_count": 4, "deletion_count": 2, "trash_count": 0}),
    ],
    ids=["to the trash", "permanently", "back"],
)
def test_tasks_that_are_removed_or_restored_together_are_all_counted(
    removed: int, removed_open: int, trashed: int, expected: dict[str, int]
) -> None:
    after = COUNTERS.after_bulk(removed=removed, removed_open=removed_open, trashed=trashed)

    assert after == COUNTERS._replace(revision=8, **expected)


def test_the_first_task_that_is_removed_with_others_has_a_revision_above_the_floor() -> None:
    counters = COUNTERS._replace(revision_floor=100)

    assert counters.after_bulk(removed=2, removed_open=0, trashed=2).revision == 102
