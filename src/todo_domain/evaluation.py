"""The evaluation of operations on one list, without input and output.

It is a generator: it yields each read that it needs, and the caller sends what was read.
"""

from collections.abc import Callable, Container, Generator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, TypeVar

from todo_domain.changes import Change, Deletion
from todo_domain.counters import ListCounters
from todo_domain.errors import TaskNotFound
from todo_domain.identity import UserId
from todo_domain.move import Move
from todo_domain.operations import BatchEffects, Create, Operation, Outcome, Patch, Remove
from todo_domain.placement import Neighbour, place, wider_reach
from todo_domain.position import initial_position
from todo_domain.task import Task

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Read the tasks next to a position: send two lists of `Neighbour`, below and above it.

    Each has at most `reach` of the tasks that exist, the nearest first. A task at the
    position itself is in neither.
    """

    position: str
    reach: int


@dataclass(frozen=True, slots=True)
class LockTasks:
    """Read and lock tasks that will be written too: send those that exist."""

    ids: Sequence[int]


Read = Neighbours | LockTasks
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


class ListState:
    """The state of a list while operations are evaluated on it."""

    def __init__(self, user_id: UserId, tasks: Mapping[int, Task], counters: ListCounters, at: datetime) -> None:
        self._user_id = user_id
        self._tasks = dict(tasks)
        self._at = at
        self._counters = counters
        self._changes: dict[int, Change] = {}
        self._outcomes: list[Outcome] = []

    def effects(self) -> BatchEffects:
        """Return the effects of all operations so far."""
        return BatchEffects(tuple(self._changes.values()), self._counters, tuple(self._outcomes), self._tasks)

    def apply(self, operation: Operation) -> Reads[None]:
        """Apply one operation. Raises the error of an operation that fails."""
        match operation:
            case Create(draft, move):
                task_id, position = self._counters.last_task_id + 1, None
                if move:
                    position = yield from self._place(move)
                revision = self._counters.next_revision
                self._write(
                    Task.from_draft(
                        draft, user_id=self._user_id, id=task_id, revision=revision, at=self._at, position=position
                    )
                )
                self._outcomes.append(Outcome(task_id, revision, position))
            case Patch(task_id, patch, expected, move):
                task = edited = self._find(task_id, expected)
                if patch:
                    edited = task.patched(patch, self._at)
                position = None
                if move:
                    position = yield from self._place(move, task)
                    edited = edited.moved(position, self._at)
                if edited is not task:
                    edited = edited._replace(revision=self._counters.next_revision)
                    self._write(edited)
                self._outcomes.append(Outcome(task_id, edited.revision, position))
            case Remove(task_id, expected):  # pragma: no branch  # mypy checks that this is the last case
                self._find(task_id, expected)
                deletion = Deletion(task_id, self._counters.next_revision)
                self._write(deletion)
                self._outcomes.append(Outcome(task_id, deletion.revision))

    def _find(self, task_id: int, expected: Container[int] | None) -> Task:
        task = self._tasks.get(task_id)
        if task is None:
            raise TaskNotFound(task_id)
        task.require(expected)
        return task

    def _place(self, move: Move, moved: Task | None = None) -> Reads[str]:
        """Return the position that the move gives a task, and write the neighbours that it spreads."""
        last_id, reach = self._counters.last_task_id, 1
        while True:
            below, above = yield from self._gap(move, moved.id if moved else None, reach)
            placement = place(below, above, reach=reach, last_id=last_id, current=moved.position if moved else None)
            if placement:
                break
            reach = wider_reach(reach)
        yield from self._spread(placement.spread)
        return placement.position

    def _gap(self, move: Move, moved_id: int | None, reach: int) -> Reads[tuple[list[Neighbour], list[Neighbour]]]:
        """Return the neighbours below and above the gap that a move names, without the moved task."""
        if move.anchor is None:
            at_end = initial_position(self._counters.last_task_id + 1)
            return (yield from self._neighbours("" if move.first else at_end, moved_id, reach))
        anchor = self._tasks.get(move.anchor)
        if anchor is None or anchor.id == moved_id:
            raise move.refused_anchor()
        below, above = yield from self._neighbours(anchor.position, moved_id, reach)
        beside = Neighbour(anchor.id, anchor.position)
        return ([beside, *below[: reach - 1]], above) if move.before is None else (below, [beside, *above[: reach - 1]])

    def _neighbours(
        self, position: str, moved_id: int | None, reach: int
    ) -> Reads[tuple[list[Neighbour], list[Neighbour]]]:
        """Return the neighbours of a position as they are after the changes so far."""
        others = {*self._changes, moved_id}
        changed = [each for each in self._changes.values() if isinstance(each, Task) and each.id != moved_id]
        below, above = yield Neighbours(position, reach + len(others))
        below = [each for each in below if each.id not in others]
        above = [each for each in above if each.id not in others]
        for each in changed:
            if each.position != position:
                (below if each.position < position else above).append(Neighbour(each.id, each.position))
        by_position = attrgetter("position")
        return sorted(below, key=by_position, reverse=True)[:reach], sorted(above, key=by_position)[:reach]

    def _spread(self, positions: Mapping[int, str]) -> Reads[None]:
        """Give neighbours new positions. They get new revisions, but `updated_at` stays."""
        if missing := sorted(positions.keys() - self._tasks.keys()):
            self._tasks |= {task.id: task for task in (yield LockTasks(missing))}
        for task_id, position in positions.items():
            task = self._tasks[task_id]
            self._write(task._replace(position=position, revision=self._counters.next_revision))

    def _write(self, change: Change) -> None:
        self._counters = self._counters.after(change, self._tasks.get(change.id))
        self._changes[change.id] = change
        if isinstance(change, Task):
            self._tasks[change.id] = change
        else:
            del self._tasks[change.id]
