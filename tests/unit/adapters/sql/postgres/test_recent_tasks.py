import asyncio

import pytest

from tests.unit.domain.strategies import ALICE, task
from todo_adapters.sql.postgres import recent_tasks
from todo_adapters.sql.postgres.recent_tasks import RecentTasks
from todo_domain import Task

pytestmark = pytest.mark.anyio


def renamed(before: Task) -> Task:
    return before._replace(title="Buy bread")


def failing(before: Task) -> Task:
    raise ValueError(before)


def knows(recent: RecentTasks, task_id: int) -> bool:
    return recent.try_edit(ALICE, task_id, renamed) is not None


async def test_an_edit_is_applied_to_the_last_remembered_state() -> None:
    recent = RecentTasks()
    recent.remember(task("Buy milk"))
    seen = recent.remember(task("Buy oat milk", revision=2))

    result = recent.try_edit(ALICE, 1, renamed)

    assert result == (seen, renamed(seen))


async def test_an_unknown_or_forgotten_task_must_be_read() -> None:
    recent = RecentTasks()
    recent.remember(task(id=1))
    recent.remember(task(id=2))
    recent.forget(ALICE, 2)

    assert not knows(recent, 2)
    assert not knows(recent, 3)


async def test_an_edit_that_changes_nothing_or_fails_must_be_repeated_on_the_stored_task() -> None:
    recent = RecentTasks()
    recent.remember(task())

    assert recent.try_edit(ALICE, 1, Task._replace) is None
    assert recent.try_edit(ALICE, 1, failing) is None


async def test_only_the_most_recently_remembered_tasks_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent_tasks, "MAX_TASKS", 4)
    recent = RecentTasks()
    for task_id in range(1, 8):
        recent.remember(task(id=task_id))

    assert [task_id for task_id in range(1, 8) if knows(recent, task_id)] == [5, 6, 7]


async def test_every_task_is_dropped_after_its_time_even_without_other_calls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recent_tasks, "KEPT_SECONDS", 0.02)
    recent = RecentTasks()
    for _ in range(2):  # also after a time without tasks
        recent.remember(task())
        assert knows(recent, 1)

        async with asyncio.timeout(30):
            while knows(recent, 1):  # noqa: ASYNC110 - no event signals that a task was dropped
                await asyncio.sleep(0.01)


async def test_clearing_drops_every_task() -> None:
    recent = RecentTasks()
    recent.remember(task())

    recent.clear()
    recent.clear()

    assert not knows(recent, 1)
