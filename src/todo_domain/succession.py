"""What is written when a recurring task is completed, and when it is opened again.

`Task.patched` may return a task that is not settled: complete with a recurrence, or open
with a successor. These functions settle it. The task gets the list's next revision, and
the change of its successor the one after that.
"""

from dataclasses import replace
from datetime import datetime

from todo_domain.position import initial_position
from todo_domain.task import Task
from todo_domain.trash import Tombstone


def settle_completed(task: Task, *, revision: int, successor_id: int, at: datetime) -> tuple[Task, Task | None]:
    """Return the completed task and its successor, to which the recurrence moves; None if the series ends."""
    following = task.next_due(at)
    finished = task._replace(revision=revision, recurrence=None)
    if following is None:
        return finished, None
    due, recurrence = following
    successor = task._replace(
        id=successor_id,
        revision=revision + 1,
        completed_at=None,
        checklist=tuple(replace(item, complete=False) for item in task.checklist),
        due=due,
        recurrence=recurrence,
        position=initial_position(successor_id),
        successor_id=None,
        succeeds=task.recurrence,
        created_at=at,
        updated_at=at,
    )
    return finished._replace(successor_id=successor_id), successor


def settle_reopened(
    task: Task, successor: Task | None, *, revision: int, at: datetime
) -> tuple[Task, Tombstone | None]:
    """Return the reopened task, and the erasure of its successor if nobody has changed that one.

    With the erasure, the recurrence returns to the task, with its anchor also if the caller sends
    its rule back. `successor` is None if it was removed.
    """
    task = task._replace(revision=revision, successor_id=None)
    if successor is None or successor.succeeds is None or task.due is None:
        return task, None
    if task.recurrence is None or task.recurrence.draft == successor.succeeds.draft:
        task = task._replace(recurrence=successor.succeeds)
    return task, Tombstone(successor.id, revision + 1, at)
