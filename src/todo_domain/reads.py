"""What the evaluation of a batch reads: it yields a `Read`, and the caller sends what was read."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from todo_domain.operations import BatchEffects

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Read the tasks next to a position: send two lists of `Neighbour`, below it, and at or above it.

    Each has at most `reach` of the tasks that are not deleted, the nearest first.
    """

    position: str
    reach: int


@dataclass(frozen=True, slots=True)
class LockTasks:
    """Read and lock tasks that will be written too: send those that exist or are in the trash."""

    ids: Sequence[int]


@dataclass(frozen=True, slots=True)
class AllProjects:
    """Read the projects of the user: send all that exist."""


@dataclass(frozen=True, slots=True)
class ProjectInTrash:
    """Read a project in the trash: send the TrashedProject, None if it is not there."""

    project_id: int


class StoredTask(NamedTuple):
    """What the removal or the restoration of a project has to know of a task in it.

    - is_crowded: whether a task that is not deleted has the same position, if this one is in the trash
    """

    id: int
    position: str
    is_open: bool
    is_crowded: bool = False


@dataclass(frozen=True, slots=True)
class TasksOfProject:
    """Read and lock the tasks in a project: send a StoredTask for each, in ascending order of id.

    - in_trash: instead, those that the removal of the project put into the trash
    """

    project_id: int
    in_trash: bool


@dataclass(frozen=True, slots=True)
class RememberedItems:
    """Read which of these keys of imported items are remembered: send a RememberedItem for each."""

    keys: Sequence[str]


Read = Neighbours | LockTasks | AllProjects | ProjectInTrash | TasksOfProject | RememberedItems
Reads = Generator[Read, Any, T]
"""A generator that yields reads, and returns a result."""


def run_evaluation(evaluation: Reads[BatchEffects], read: Callable[[Read], Any]) -> BatchEffects:
    """Run an evaluation to its end with a function that reads, and return the effects."""
    found: Any = None
    while True:
        try:
            asked = evaluation.send(found)
        except StopIteration as end:
            effects: BatchEffects = end.value
            return effects
        found = read(asked)
