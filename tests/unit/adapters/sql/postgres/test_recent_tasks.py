import pytest

from tests.unit.domain.strategies import ALICE, task
from todo_adapters.sql.postgres import recent_tasks
from todo_adapters.sql.postgres.recent_tasks import RecentTasks
from todo_domain import Task


def renamed(before: Task) -> Task:
    return before._replace(title="Buy bread")


def failing(before: Task) -> Task:
    raise ValueError(before)


def test_what_an_edit_makes_of_a_task_is_foreseen_from_what_was_seen_last() -> None:
    recent = RecentTasks()
    recent.see(task("Buy milk"))
    seen = recent.see(task("Buy oat milk", revision=2))

    foreseen = recent.try_edit(ALICE, 1, renamed)

    assert foreseen == (seen, renamed(seen))


def test_nothing_is_foreseen_of_a_task_that_was_not_seen_or_is_forgotten() -> None:
    recent = RecentTasks()
    recent.see(task(id=1))
    recent.see(task(id=2))
    recent.forget(ALICE, 2)

    assert recent.try_edit(ALICE, 2, renamed) is None
    assert recent.try_edit(ALICE, 3, renamed) is None


def test_that_nothing_changes_or_that_it_fails_is_not_foreseen() -> None:
    recent = RecentTasks()
    recent.see(task())

    assert recent.try_edit(ALICE, 1, Task._replace) is None
    assert recent.try_edit(ALICE, 1, failing) is None


def test_the_task_seen_longest_ago_makes_place_for_a_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent_tasks, "MAX_TASKS", 2)
    recent = RecentTasks()
    for task_id in (1, 2, 1, 3):
        recent.see(task(id=task_id))

    known = [task_id for task_id in (1, 2, 3) if recent.try_edit(ALICE, task_id, renamed)]

    assert known == [1, 3]
