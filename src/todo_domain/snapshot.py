"""A snapshot: everything that a user has, at one moment."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from todo_domain.project import Project, TrashedProject
from todo_domain.task import Task
from todo_domain.trash import TrashedTask

Content = Project | TrashedProject | Task | TrashedTask
"""A project or a task with its content, in the list or in the trash."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All projects and tasks of a user with their content, at the list's `revision`.

    - trash_count: how many of them are in the trash. Together with `revision`, it identifies
      the content: only changes of the list add to it.
    - count: how many there are in all
    - chunks: first the projects, then the tasks, each in ascending order of id, in chunks of at
      most `MAX_MANY`. They can be read only once. Reading a chunk may raise StorageUnavailable.
    """

    revision: int
    trash_count: int
    count: int
    chunks: AsyncIterator[Sequence[Content]]
