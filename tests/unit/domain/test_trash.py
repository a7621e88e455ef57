import pytest

from tests.unit.domain.strategies import NOON, project, task
from todo_domain import RuleViolated, TaskQuery, TrashedProject, TrashedTask, TrashQuery
from todo_domain.cursor import Position, encode_cursor

TRASH = [TrashedTask(task(id=number, revision=10 - number), NOON) for number in range(1, 5)]
PROJECTS = [TrashedProject(project(id=1)._replace(revision=10), NOON)]


def test_a_page_has_a_cursor_if_there_are_more_tasks_or_projects() -> None:
    first = TrashQuery(limit=2).page(TRASH[:3], PROJECTS, revision=9, count=5)
    second = TrashQuery(limit=2, cursor=first.next_cursor)
    third = TrashQuery(limit=2, cursor=second.page(TRASH[1:], PROJECTS[1:], revision=9, count=5).next_cursor)

    assert (first.tasks, first.projects, first.revision, first.count) == (tuple(TRASH[:1]), tuple(PROJECTS[:1]), 9, 5)
    assert (second.before, third.before) == (TRASH[0].revision, TRASH[2].revision)
    assert third.page(TRASH[3:], (), revision=9, count=5).next_cursor is None


@pytest.mark.parametrize("limit", [0, 501, -1, True, "5", 1.0])
def test_a_limit_is_1_to_500(limit: int) -> None:
    with pytest.raises(RuleViolated, match=r"^limit: must be 1 to 500$"):
        TrashQuery(limit=limit)


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "abc",
        encode_cursor("tasks", Position(3, 1)),
        encode_cursor("trash", Position("3", 1)),
        encode_cursor("trash", Position(None, 1)),
        TaskQuery(limit=1).cursor_after(TRASH[0].task),
    ],
)
def test_a_cursor_that_is_not_from_the_trash_is_refused(cursor: str) -> None:
    with pytest.raises(RuleViolated, match=r"^cursor: "):
        TrashQuery(cursor=cursor)


def test_a_restored_task_never_gets_an_earlier_time() -> None:
    restored = TRASH[0].restored(NOON.replace(year=2000))

    assert restored == TRASH[0].task
