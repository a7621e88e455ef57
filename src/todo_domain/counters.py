"""The counters of a list, from which its next id, its next revision and the use of its quotas follow."""

from typing import NamedTuple

from todo_domain.project import Project, ProjectState
from todo_domain.task import Task
from todo_domain.trash import TaskState, TrashedTask


class ListCounters(NamedTuple):
    """The counters of a list, all 0 at first, and the store's `revision_floor`.

    - revision: that of the last change
    - last_task_id: the highest id that was ever given to a task
    - open_count, task_count: the tasks that are not complete, and all tasks
    - deletion_count: the deletions of tasks that are remembered
    - trash_count: those of them whose task is in the trash
    - last_project_id: the highest id that was ever given to a project
    - project_count: all projects
    - key_count: the outcomes that are stored for idempotency keys: one for each task that was added
      with a key, and one for each operation of a batch with a key
    """

    revision: int = 0
    last_task_id: int = 0
    open_count: int = 0
    task_count: int = 0
    deletion_count: int = 0
    trash_count: int = 0
    key_count: int = 0
    last_project_id: int = 0
    project_count: int = 0
    revision_floor: int = 0

    @property
    def next_revision(self) -> int:
        """The revision of the list's next change, above all earlier ones, including those that were lost."""
        return max(self.revision, self.revision_floor) + 1

    def after(self, change: TaskState, previous: TaskState | None) -> "ListCounters":
        """Return the counters after one change; `previous` is the state before it, None if the task was added."""
        is_task, was_task = isinstance(change, Task), isinstance(previous, Task)
        is_deleted, was_deleted = not is_task, previous is not None and not was_task
        return self._replace(
            # Erasing a task keeps the revision of its deletion.
            revision=max(self.revision, change.revision),
            last_task_id=max(self.last_task_id, change.id),
            open_count=self.open_count + _is_open(change) - _is_open(previous),
            task_count=self.task_count + is_task - was_task,
            deletion_count=self.deletion_count + is_deleted - was_deleted,
            trash_count=self.trash_count + isinstance(change, TrashedTask) - isinstance(previous, TrashedTask),
        )

    def after_project(self, change: ProjectState, previous: ProjectState | None) -> "ListCounters":
        """Return the counters after one change; `previous` is the state before it, None if the project was added."""
        return self._replace(
            revision=change.revision,
            last_project_id=max(self.last_project_id, change.id),
            project_count=self.project_count + isinstance(change, Project) - isinstance(previous, Project),
        )

    def after_bulk(self, *, removed: int, removed_open: int, trashed: int) -> "ListCounters":
        """Return the counters after that many tasks were removed, each at the next revision; negative if restored."""
        return self._replace(
            revision=self.next_revision - 1 + abs(removed),
            open_count=self.open_count - removed_open,
            task_count=self.task_count - removed,
            deletion_count=self.deletion_count + removed,
            trash_count=self.trash_count + trashed,
        )

    def with_outcomes(self, count: int) -> "ListCounters":
        """Return the counters after that many outcomes were stored for an idempotency key."""
        return self._replace(key_count=self.key_count + count)


def _is_open(state: TaskState | None) -> bool:
    return isinstance(state, Task) and not state.complete
