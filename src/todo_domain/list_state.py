"""The state of one list while a batch is evaluated: what it has read, and what it has changed."""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from functools import partial
from math import inf
from operator import attrgetter
from typing import Final

from todo_domain.bulk import BulkChanges
from todo_domain.counters import ListCounters
from todo_domain.errors import RuleViolated, TaskNotFound, Violation
from todo_domain.identity import UserId
from todo_domain.move import Move
from todo_domain.operations import BulkKind
from todo_domain.placement import Neighbour, place, wider_reach
from todo_domain.position import initial_position
from todo_domain.reads import LockTasks, Neighbours, Reads, StoredTask
from todo_domain.task import Task
from todo_domain.trash import TaskState, TrashedTask

MAX_BULK: Final = 1000
"""The most tasks that a batch of several operations may remove or restore with projects.

Otherwise one batch could change 10,000 tasks a hundred times, and keep the database from others meanwhile.
"""

_Sides = tuple[list[Neighbour], list[Neighbour]]
_POSITION: Final = attrgetter("position")


class ListState:
    """The tasks and the counters of a list after the changes so far.

    - states: the tasks that were read or changed, by id
    - changes: those of them that were changed
    - bulk: further changes, of tasks that were not read whole

    Of the changed tasks, the store still has those in `_replaced` at their earlier places.
    """

    def __init__(
        self,
        user_id: UserId,
        states: Mapping[int, TaskState],
        counters: ListCounters,
        at: datetime,
        *,
        is_only_operation: bool,
    ) -> None:
        self.user_id = user_id
        self.at = at
        self.counters = counters
        self.states = dict(states)
        self.changes: dict[int, TaskState] = {}
        self.bulk = BulkChanges(at)
        self._replaced = set[int]()
        self._bulk_room = inf if is_only_operation else MAX_BULK

    def find(self, task_id: int, expected: Container[int] | None) -> Task:
        """Return a task that was read. Raises TaskNotFound and PreconditionFailed."""
        task = self.states.get(task_id)
        if not isinstance(task, Task):
            raise TaskNotFound(task_id)
        task.require(expected)
        return task

    def find_in_trash(self, task_id: int, expected: Container[int] | None) -> TrashedTask:
        """Return a task in the trash that was read. Raises TaskNotFound and PreconditionFailed."""
        trashed = self.states.get(task_id)
        if not isinstance(trashed, TrashedTask):
            raise TaskNotFound(task_id)
        trashed.task.require(expected)
        return trashed

    def load(self, task_ids: Iterable[int]) -> Reads[None]:
        """Read and lock further tasks."""
        missing = sorted(set(task_ids) - self.states.keys())
        found: Sequence[TaskState] = (yield LockTasks(missing)) if missing else ()
        for stored in found:
            self.states[stored.id] = stored
            if stored.id in self.bulk.ids:
                self.states[stored.id] = self.changes[stored.id] = self.bulk.take(stored)

    def write(self, state: TaskState) -> None:
        """Change one task; the caller gave it its revision."""
        previous = self.states.get(state.id)
        if isinstance(previous, Task) and state.id not in self.changes:
            self._replaced.add(state.id)
        self.counters = self.counters.after(state, previous)
        self.states[state.id] = self.changes[state.id] = state

    def change_in_bulk(self, kind: BulkKind, project_id: int, tasks: Sequence[StoredTask]) -> None:
        """Change tasks that were not read whole, each at a revision of its own."""
        if kind is not BulkKind.RESTORE:
            self._replaced.update(task.id for task in tasks)
        self.bulk.add(kind, project_id, tasks, self.counters.next_revision)

    def count_bulk(self, count: int) -> None:
        """Count tasks that are removed or restored with a project. Raises RuleViolated above `MAX_BULK`."""
        self._bulk_room -= count
        if self._bulk_room < 0:
            message = f"must have at most {MAX_BULK} tasks, unless the request has no other operation"
            raise RuleViolated([Violation((), "project_too_large", message)])

    def place_by(self, move: Move, moved: Task | None = None) -> Reads[str]:
        """Return the position that a move gives a task, and write the neighbours that it spreads."""
        return self._place(partial(self._gap, move, {moved.id} if moved else frozenset()), moved)

    def place_again(self, task: Task) -> Reads[str]:
        """Return the position of a task that is restored: its own, or one next to it if that is taken."""
        return self._place(partial(self.neighbours, task.position, {task.id}), task)

    def neighbours(self, position: str, but: AbstractSet[int], reach: int) -> Reads[_Sides]:
        """Return the neighbours of a position as they are after the changes so far, without some tasks."""
        known = self._replaced | but
        below, above = yield Neighbours(position, reach + len(known))
        below = [each for each in below if each.id not in known]
        above = [each for each in above if each.id not in known]
        for each in self.placed():
            if each.id not in but:
                (below if each.position < position else above).append(each)
        return sorted(below, key=_POSITION, reverse=True)[:reach], sorted(above, key=_POSITION)[:reach]

    def placed(self) -> Iterator[Neighbour]:
        """Yield the changed tasks that are in the list, with their positions."""
        yield from (Neighbour(each.id, each.position) for each in self.changes.values() if isinstance(each, Task))
        yield from self.bulk.restored()

    def _place(self, read: Callable[[int], Reads[_Sides]], placed: Task | None) -> Reads[str]:
        """Return a free position in the gap that is read, and write the neighbours that it spreads."""
        last_id, reach = self.counters.last_task_id, 1
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
            at_end = initial_position(self.counters.last_task_id + 1)
            return (yield from self.neighbours("" if move.first else at_end, moved, reach))
        anchor = self.states.get(move.anchor)
        if not isinstance(anchor, Task) or anchor.id in moved:
            raise move.refused_anchor()
        below, above = yield from self.neighbours(anchor.position, {*moved, anchor.id}, reach)
        beside = Neighbour(anchor.id, anchor.position)
        return ([beside, *below[: reach - 1]], above) if move.before is None else (below, [beside, *above[: reach - 1]])

    def _spread(self, positions: Mapping[int, str]) -> Reads[None]:
        """Give neighbours new positions. They get new revisions, but `updated_at` stays."""
        yield from self.load(positions)
        for task_id, position in positions.items():
            task = self.find(task_id, None)
            self.write(task._replace(position=position, revision=self.counters.next_revision))
