"""The tasks that this process read or wrote in the last seconds, so that a change does not read its task first."""

import asyncio
from typing import Final

from todo_domain import Edit, Task, UserId

KEPT_SECONDS: Final = 4.0
"""A task that another process deletes is forgotten here within this time."""
MAX_TASKS: Final = 16_384


class RecentTasks:
    """At most 16,384 tasks of the last 2 to 4 seconds. Each may have changed or been deleted since.

    So use them only for a write that takes effect only if the task has not changed.
    """

    def __init__(self) -> None:
        # Tasks are never dropped one by one for their age: `_newer` replaces `_older` as a whole.
        self._newer: dict[tuple[UserId, int], Task] = {}
        self._older: dict[tuple[UserId, int], Task] = {}
        self._timer: asyncio.TimerHandle | None = None

    def remember(self, task: Task) -> Task:
        """Keep a task for some seconds, and return it."""
        if len(self._newer) >= MAX_TASKS // 2:
            self._drop_older()
        self._newer[task.user_id, task.id] = task
        if self._timer is None:
            self._start_timer()
        return task

    def forget(self, user_id: UserId, task_id: int) -> None:
        """Drop a task."""
        self._newer.pop((user_id, task_id), None)
        self._older.pop((user_id, task_id), None)

    def clear(self) -> None:
        """Drop all tasks."""
        self._newer, self._older = {}, {}
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def try_edit(self, user_id: UserId, task_id: int, edit: Edit) -> tuple[Task, Task] | None:
        """Return the last known state of a task and the result of the edit, or None if the task must be read.

        It must be read if the edit fails or changes nothing, because only the current state can decide that.
        """
        key = user_id, task_id
        seen = self._newer.get(key) or self._older.get(key)
        if seen is None:
            return None
        try:
            edited = edit(seen)
        except Exception:  # noqa: BLE001 - the edit raises it again if it also fails on the current state
            return None
        return None if edited == seen else (seen, edited)

    def _start_timer(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(KEPT_SECONDS / 2, self._age)

    def _age(self) -> None:
        self._drop_older()
        self._timer = None
        if self._older:
            self._start_timer()

    def _drop_older(self) -> None:
        self._older, self._newer = self._newer, {}
