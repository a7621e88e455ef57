"""The expected result of every call of the port, computed in the simplest way."""

from collections import defaultdict
from collections.abc import Callable, Collection, Container, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from todo_adapters.contract.model_log import ModelLog
from todo_domain import (
    Added,
    Batch,
    BatchFailed,
    BatchResult,
    Change,
    ChangePage,
    Create,
    CursorExpired,
    Deletion,
    Edit,
    Erase,
    FeedToken,
    Guard,
    IdempotencyKey,
    ListCounters,
    Move,
    Neighbour,
    Operation,
    Outcome,
    Patch,
    Quotas,
    Remove,
    Restore,
    Task,
    TaskDraft,
    TaskNotFound,
    TaskPage,
    TaskQuery,
    TaskState,
    TodoError,
    Tombstone,
    TrashedTask,
    TrashPage,
    TrashQuery,
    UserId,
)
from todo_domain.placement import place
from todo_domain.succession import settle_completed, settle_reopened

Result = TypeVar("Result")
Place = tuple[Any, int]
"""The sort value of a task, and its id."""


class Model:
    """Plain dicts: the changes of each user in their order, and the idempotency keys.

    The methods are those of TaskRepository, but not coroutines. Each write counts everything anew.
    """

    def __init__(self, epoch: str, quotas: Quotas) -> None:
        self.epoch = epoch
        self._quotas = quotas
        self._logs: defaultdict[UserId, ModelLog] = defaultdict(ModelLog)
        self._keys: dict[tuple[UserId, str], tuple[str, Any, datetime]] = {}

    def add(self, user_id: UserId, draft: TaskDraft, *, at: datetime, key: IdempotencyKey | None = None) -> Added:
        task, _, replayed = self._once(user_id, key, at, lambda: self._create(user_id, draft, at))
        return Added(task, replayed)

    def get(self, user_id: UserId, task_id: int) -> Task:
        task = self._logs[user_id].latest().get(task_id)
        if not isinstance(task, Task):
            raise TaskNotFound(task_id)
        return task

    def list(self, user_id: UserId, query: TaskQuery) -> TaskPage:
        found = [task for task in self._logs[user_id].tasks() if query.matches(task)]
        places: dict[Place, Any] = {(query.sort.of(task), task.id): task for task in found}
        start = 0
        if query.after:
            cursor = query.after.value, query.after.id
            start = 1 + _in_order({*places, cursor}, descending=query.descending).index(cursor)
            places.setdefault(cursor)
        ordered = _in_order(places, descending=query.descending)[start:]
        return query.page([places[place] for place in ordered], self._logs[user_id].revision)

    def change(self, user_id: UserId, task_id: int, edit: Edit) -> Task:
        return self._write(user_id, lambda: self._change(user_id, task_id, edit))

    def remove(self, user_id: UserId, task_id: int, *, at: datetime, guard: Guard, permanent: bool) -> None:
        self._write(user_id, lambda: self._remove(user_id, task_id, at, guard, permanent=permanent))

    def apply(self, user_id: UserId, batch: Batch, *, at: datetime, key: IdempotencyKey | None = None) -> BatchResult:
        def evaluate() -> tuple[Outcome, ...]:
            outcomes: list[Outcome] = []
            try:
                outcomes.extend(self._do(user_id, operation, at) for operation in batch.operations)
            except TodoError as cause:
                raise BatchFailed(len(outcomes), cause) from cause
            return tuple(outcomes)

        return BatchResult(*self._once(user_id, key, at, evaluate))

    def list_trash(self, user_id: UserId, query: TrashQuery) -> TrashPage:
        log = self._logs[user_id]
        found = [trashed for trashed in reversed(log.trash()) if trashed.revision < query.before]
        return query.page(found, log.revision, len(log.trash()))

    def erase_oldest(self, user_id: UserId, *, up_to: int, limit: int) -> int:
        log = self._logs[user_id]
        oldest = [trashed for trashed in log.trash() if trashed.revision <= up_to][:limit]
        log.erase(oldest)
        return len(oldest)

    def forget_keys(self, user_id: UserId, *, before: datetime, limit: int) -> int:
        old = [name for name, kept in self._keys.items() if name[0] == user_id and kept[2] < before]
        assert len(old) <= limit
        for name in old:
            del self._keys[name]
        return len(old)

    def changes(self, user_id: UserId, since: FeedToken | None, limit: int) -> ChangePage:
        log = self._logs[user_id]
        seen = since.revision if since else 0
        base = since.base if since and seen else log.revision
        known = max(seen, since.base if since else 0)
        missed = seen and known < max(log.forgotten, default=0)
        if missed or known > log.revision or (since and since.epoch != self.epoch):
            raise CursorExpired
        states: list[Change] = [*log.tasks(), *(Deletion(each.id, each.revision) for each in log.deletions())]
        news = sorted((each for each in states if each.revision > seen), key=lambda each: each.revision)
        has_more = len(news) > limit
        reached = news[limit - 1].revision if has_more else log.revision
        return ChangePage(tuple(news[:limit]), FeedToken(self.epoch, reached, base if base > reached else 0), has_more)

    def revisions(self, user_ids: Collection[UserId]) -> dict[UserId, int]:
        return {user_id: self._logs[user_id].revision for user_id in user_ids if self._logs[user_id].revision}

    def purge(self, before: datetime, trash_before: datetime) -> None:
        for log in self._logs.values():
            log.erase([trashed for trashed in log.trash() if trashed.deleted_at < trash_before])
            log.forget([deletion for deletion in log.deletions() if deletion.deleted_at < before])
        self._keys = {name: kept for name, kept in self._keys.items() if kept[2] >= before}

    def _create(self, user_id: UserId, draft: TaskDraft, at: datetime, move: Move | None = None) -> Task:
        log = self._logs[user_id]
        task_id = max(log.latest(), default=0) + 1
        position = self._move(user_id, move) if move else None
        revision = log.revision + 1
        task = Task.from_draft(draft, user_id=user_id, id=task_id, revision=revision, at=at, position=position)
        log.states.append(task)
        return task

    def _change(self, user_id: UserId, task_id: int, edit: Edit, at: datetime | None = None) -> Task:
        task = self.get(user_id, task_id)
        edited = edit(task)
        if edited == task:
            return task
        log = self._logs[user_id]
        edited, other = self._settle(user_id, edited, at)
        log.states.append(edited)
        if other:
            log.states.append(other)
        return edited

    def _settle(self, user_id: UserId, task: Task, at: datetime | None) -> tuple[Task, TaskState | None]:
        revision, latest = self._logs[user_id].revision + 1, self._logs[user_id].latest()
        if task.is_settled or at is None:
            return task._replace(revision=revision), None
        successor = latest.get(task.successor_id or 0)
        return (
            settle_completed(task, revision=revision, successor_id=max(latest) + 1, at=at)
            if task.successor_id is None
            else settle_reopened(task, successor if isinstance(successor, Task) else None, revision=revision, at=at)
        )

    def _remove(self, user_id: UserId, task_id: int, at: datetime, guard: Guard, *, permanent: bool) -> Task:
        task = self.get(user_id, task_id)
        guard(task)
        log = self._logs[user_id]
        task = task._replace(revision=log.revision + 1)
        log.states.append(Tombstone(task_id, task.revision, at) if permanent else TrashedTask(task, at))
        return task

    def _restore(self, user_id: UserId, task_id: int, expected: Container[int] | None, at: datetime) -> Task:
        task = self._in_trash(user_id, task_id, expected).restored(at)
        order, log = self._order(user_id, task), self._logs[user_id]
        index = sum(each.position < task.position for each in order)
        position = self._place(user_id, order, index, task)
        task = task._replace(position=position, revision=log.revision + 1)
        log.states.append(task)
        return task

    def _in_trash(self, user_id: UserId, task_id: int, expected: Container[int] | None) -> TrashedTask:
        for trashed in self._logs[user_id].trash():
            if trashed.id == task_id:
                trashed.task.require(expected)
                return trashed
        raise TaskNotFound(task_id)

    def _do(self, user_id: UserId, operation: Operation, at: datetime) -> Outcome:
        position = None
        match operation:
            case Create(draft, move):
                task = self._create(user_id, draft, at, move)
                position = task.position if move else None
            case Patch(task_id, _, _, move):
                task = self._change(user_id, task_id, self._edit_of(user_id, operation, at), at)
                position = task.position if move else None
            case Remove(task_id, expected, permanent):
                guard = partial(Task.require, expected=expected)
                task = self._remove(user_id, task_id, at, guard, permanent=permanent)
            case Restore(task_id, expected):
                task = self._restore(user_id, task_id, expected, at)
            case Erase(task_id, expected):  # pragma: no branch  # mypy checks that this is the last case
                trashed = self._in_trash(user_id, task_id, expected)
                self._logs[user_id].erase([trashed])
                task = trashed.task
        return Outcome(task.id, task.revision, position)

    def _move(self, user_id: UserId, move: Move, moved: Task | None = None) -> str:
        order = self._order(user_id, moved)
        ids = [each.id for each in order]
        if move.anchor is None:
            return self._place(user_id, order, 0 if move.first else len(order), moved)
        if move.anchor not in ids:
            raise move.refused_anchor()
        return self._place(user_id, order, ids.index(move.anchor) + (move.before is None), moved)

    def _order(self, user_id: UserId, but: Task | None) -> Sequence[Neighbour]:
        tasks = [task for task in self._logs[user_id].tasks() if but is None or task.id != but.id]
        return sorted((Neighbour(task.id, task.position) for task in tasks), key=lambda each: each.position)

    def _place(self, user_id: UserId, order: Sequence[Neighbour], index: int, placed: Task | None) -> str:
        log = self._logs[user_id]
        below, above = order[:index][::-1], order[index:]
        last_id, current = max(log.latest(), default=0), placed and placed.position
        # The whole list is read at once, so there is always room.
        placement = place(below, above, reach=len(order) + 1, last_id=last_id, current=current)
        assert placement
        spread = enumerate(placement.spread.items(), log.revision + 1)
        log.states += [
            self.get(user_id, task_id)._replace(position=position, revision=revision)
            for revision, (task_id, position) in spread
        ]
        return placement.position

    def _edit_of(self, user_id: UserId, operation: Patch, at: datetime) -> Edit:
        def edit(task: Task) -> Task:
            patched = conditional(operation, at)(task)
            return patched.moved(self._move(user_id, operation.move, task), at) if operation.move else patched

        return edit

    def _once(
        self, user_id: UserId, key: IdempotencyKey | None, at: datetime, do: Callable[[], Result]
    ) -> tuple[Result, datetime, bool]:
        name = (user_id, key.key if key else "")
        if key and name in self._keys:
            fingerprint, result, first_at = self._keys[name]
            key.require_fingerprint(fingerprint)
            return result, first_at, True
        return self._write(user_id, do, at, key), at, False

    def _write(
        self, user_id: UserId, do: Callable[[], Result], at: datetime | None = None, key: IdempotencyKey | None = None
    ) -> Result:
        """Call the function and store the key. Leave everything as it was if that raises or exceeds a quota."""
        before, log, keys = self._counters(user_id), self._logs[user_id].copy(), dict(self._keys)
        try:
            result = do()
            if key and at:
                self._keys[user_id, key.key] = (key.fingerprint, result, at)
            after = self._counters(user_id)
            successors = self._successors_since(user_id, log)
            self._quotas.check(before, after._replace(task_count=after.task_count - successors))
        except TodoError:
            self._logs[user_id], self._keys = log, keys
            raise
        log = self._logs[user_id]
        deletions = log.deletions()
        log.forget(deletions[: self._quotas.surplus_deletions(len(deletions))])
        log.erase(log.trash()[: self._quotas.surplus_trash(len(log.trash()))])
        return result

    def _counters(self, user_id: UserId) -> ListCounters:
        tasks = self._logs[user_id].tasks()
        results = [result for (owner, _), (_, result, _) in self._keys.items() if owner == user_id]
        return ListCounters(
            task_count=len(tasks),
            open_count=sum(not task.complete for task in tasks),
            key_count=sum(1 if isinstance(result, Task) else len(result) for result in results),
        )

    def _successors_since(self, user_id: UserId, before: ModelLog) -> int:
        """Return how many tasks were added since then because another one was completed."""
        log = self._logs[user_id]
        written = log.states[before.revision :]
        ids = {state.successor_id for state in written if isinstance(state, Task)} - {
            state.id for state in before.states
        }
        return sum(isinstance(log.latest().get(task_id or 0), Task) for task_id in ids)


def conditional(patch: Patch, at: datetime) -> Edit:
    """Return the edit for a patch operation of a batch."""

    def edit(task: Task) -> Task:
        task.require(patch.expected)
        return task.patched(patch.patch, at) if patch.patch else task

    return edit


def _in_order(places: Iterable[Place], *, descending: bool) -> list[Place]:
    by_id = sorted(places, key=lambda place: place[1])
    with_value = [place for place in by_id if place[0] is not None]
    with_value.sort(key=lambda place: place[0], reverse=descending)
    return with_value + [place for place in by_id if place[0] is None]
