"""The tasks that a process has seen lately, so that a change of one need not read it first."""

from collections import OrderedDict
from typing import Final

from todo_domain import Edit, Task, UserId

MAX_TASKS: Final = 16_384


class RecentTasks:
    """The last 16,384 tasks seen, each as it was then: it may have changed or gone since.

    So what is found here serves for a write that is done only if the task is still
    as it was, and for nothing else.
    """

    def __init__(self) -> None:
        # Of a dict, the first key is found more slowly the more were deleted before it.
        self._tasks: OrderedDict[tuple[UserId, int], Task] = OrderedDict()

    def see(self, task: Task) -> Task:
        """Remember a task, in place of the one seen longest ago if there are too many, and return it."""
        key = task.user_id, task.id
        self._tasks[key] = task
        self._tasks.move_to_end(key)
        if len(self._tasks) > MAX_TASKS:
            self._tasks.popitem(last=False)
        return task

    def forget(self, user_id: UserId, task_id: int) -> None:
        """Remember a task no longer."""
        self._tasks.pop((user_id, task_id), None)

    def try_edit(self, user_id: UserId, task_id: int, edit: Edit) -> tuple[Task, Task] | None:
        """Return a task as it was seen, and what the edit makes of it, or None when that tells nothing.

        That the edit fails, or changes nothing, has to be found on the task as it is.
        """
        seen = self._tasks.get((user_id, task_id))
        if seen is None:
            return None
        try:
            edited = edit(seen)
        except Exception:  # noqa: BLE001 - whatever it was, it is raised again if it still holds
            return None
        return None if edited == seen else (seen, edited)
