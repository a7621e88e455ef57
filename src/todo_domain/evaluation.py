"""The evaluation of operations on one list, without input and output.

It is a generator: it yields each read that it needs, and the caller sends what was read.
"""

from collections.abc import Callable, Container, Generator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import Any, Final, TypeVar

from todo_domain.counters import ListCounters
from todo_domain.errors import TaskNotFound
from todo_domain.identity import UserId
from todo_domain.move import Move
from todo_domain.operations import BatchEffects, Create, Erase, Operation, Outcome, Patch, Remove, Restore
from todo_domain.placement import Neighbour, place, wider_reach
from todo_domain.position import initial_position
from todo_domain.succession import settle_completed, settle_reopened
from todo_domain.task import Task
from todo_domain.trash import TaskState, TrashedTask, removed

T = TypeVar("T")
_Sides = tuple[list[Neighbour], list[Neighbour]]
_POSITION: Final = attrgetter("position")


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Read the tasks next to a position: send two lists of `Neighbour`, below it, and at or above it.

    Each has at most `reach` of the tasks that are not deleted, the nearest first.
    """

    position: str
    reach: int


@dataclass(frozen=True, slots=True)
class LockTasks:
    """Read and lock tasks that will be written too: send those that are not deleted."""

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

    def __init__(self, user_id: UserId, states: Mapping[int, TaskState], counters: ListCounters, at: datetime) -> None:
        self._user_id = user_id
        self._states = dict(states)
        self._at = at
        self._counters = counters
        self._changes: dict[int, TaskState] = {}
        self._outcomes: list[Outcome] = []
        self._successors: set[int] = set()

    def effects(self) -> BatchEffects:
        """Return the effects of all operations so far."""
        states = self._states
        successors = sum(isinstance(states[task_id], Task) for task_id in self._successors)
        changes, outcomes = tuple(self._changes.values()), tuple(self._outcomes)
        return BatchEffects(changes, self._counters, outcomes, successors, states)

    def apply(self, operation: Operation) -> Reads[None]:
        """Apply one operation. Raises the error of an operation that fails."""
        position = None
        match operation:
            case Create(draft, move):
                task_id = self._counters.last_task_id + 1
                if move:
                    position = yield from self._move(move)
                revision = self._counters.next_revision
                task = Task.from_draft(
                    draft, user_id=self._user_id, id=task_id, revision=revision, at=self._at, position=position
                )
                self._write(task)
            case Patch(task_id, patch, expected, move):
                task = edited = self._find(task_id, expected)
                if patch:
                    edited = task.patched(patch, self._at)
                if move:
                    position = yield from self._move(move, task)
                    edited = edited.moved(position, self._at)
                if edited is not task:
                    yield from self._write_settled(edited)
            case Remove(task_id, expected, permanent):
                task = self._find(task_id, expected)
                self._write(removed(task, self._counters.next_revision, self._at, permanent=permanent))
            case Restore(task_id, expected):
                task = self._find_in_trash(task_id, expected).restored(self._at)
                free = yield from self._place(partial(self._neighbours, task.position, {task_id}), task)
                self._write(task._replace(position=free, revision=self._counters.next_revision))
            case Erase(task_id, expected):  # pragma: no branch  # mypy checks that this is the last case
                self._write(self._find_in_trash(task_id, expected).erased())
        self._outcomes.append(Outcome(task_id, self._states[task_id].revision, position))

    def _find(self, task_id: int, expected: Container[int] | None) -> Task:
        task = self._states.get(task_id)
        if not isinstance(task, Task):
            raise TaskNotFound(task_id)
        task.require(expected)
        return task

    def _find_in_trash(self, task_id: int, expected: Container[int] | None) -> TrashedTask:
        trashed = self._states.get(task_id)
        if not isinstance(trashed, TrashedTask):
            raise TaskNotFound(task_id)
        trashed.task.require(expected)
        return trashed

    def _move(self, move: Move, moved: Task | None = None) -> Reads[str]:
        """Return the position that a move gives a task, and write the neighbours that it spreads."""
        return self._place(partial(self._gap, move, {moved.id} if moved else frozenset()), moved)

    def _place(self, read: Callable[[int], Reads[_Sides]], placed: Task | None) -> Reads[str]:
        """Return a free position in the gap that is read, and write the neighbours that it spreads."""
        last_id, reach = self._counters.last_task_id, 1
        current = placed.position if placed else None
        while True:
            below, above = yield from read(reach)
            placement = place(below, above, reach=reach, last_id=last_id, current=current)
            if placement:
                break
            reach = wider_reach(reach)
        yield from self._spread(placement.spread)
        return placement.position

    def _gap(self, move: Move, moved: AbstractSet[int], reach: int) -> Reads[_Sides]:
        """Return the neighbours below and above the gap that a move names, without the moved task."""
        if move.anchor is None:
            at_end = initial_position(self._counters.last_task_id + 1)
            return (yield from self._neighbours("" if move.first else at_end, moved, reach))
        anchor = self._states.get(move.anchor)
        if not isinstance(anchor, Task) or anchor.id in moved:
            raise move.refused_anchor()
        below, above = yield from self._neighbours(anchor.position, {*moved, anchor.id}, reach)
        beside = Neighbour(anchor.id, anchor.position)
        return ([beside, *below[: reach - 1]], above) if move.before is None else (below, [beside, *above[: reach - 1]])

    def _neighbours(self, position: str, but: AbstractSet[int], reach: int) -> Reads[_Sides]:
        """Return the neighbours of a position as they are after the changes so far, without some tasks."""
        known = {*self._changes, *but}
        changed = [each for each in self._changes.values() if isinstance(each, Task) and each.id not in but]
        below, above = yield Neighbours(position, reach + len(known))
        below = [each for each in below if each.id not in known]
        above = [each for each in above if each.id not in known]
        for each in changed:
            (below if each.position < position else above).append(Neighbour(each.id, each.position))
        return sorted(below, key=_POSITION, reverse=True)[:reach], sorted(above, key=_POSITION)[:reach]

    def _spread(self, positions: Mapping[int, str]) -> Reads[None]:
        """Give neighbours new positions. They get new revisions, but `updated_at` stays."""
        if missing := sorted(positions.keys() - self._states.keys()):
            self._states |= {task.id: task for task in (yield LockTasks(missing))}
        for task_id, position in positions.items():
            task = self._states[task_id]
            assert isinstance(task, Task)  # noqa: S101 - for the type checker
            self._write(task._replace(position=position, revision=self._counters.next_revision))

    def _write_settled(self, task: Task) -> Reads[None]:
        """Write a changed task, and what its completion or reopening changes in its successor."""
        change: TaskState | None = None
        revision = self._counters.next_revision
        if task.is_settled:
            task = task._replace(revision=revision)
        elif task.successor_id is None:
            successor_id = self._counters.last_task_id + 1
            task, change = settle_completed(task, revision=revision, successor_id=successor_id, at=self._at)
            if change:
                self._successors.add(successor_id)
        else:
            successor = yield from self._lock(task.successor_id)
            task, change = settle_reopened(task, successor, revision=revision, at=self._at)
        self._write(task)
        if change:
            self._write(change)

    def _lock(self, task_id: int) -> Reads[Task | None]:
        """Return another task as it is after the changes so far; None if it was removed."""
        if task_id not in self._states:
            self._states |= {state.id: state for state in (yield LockTasks([task_id]))}
        state = self._states.get(task_id)
        return state if isinstance(state, Task) else None

    def _write(self, state: TaskState) -> None:
        self._counters = self._counters.after(state, self._states.get(state.id))
        self._states[state.id] = self._changes[state.id] = state
