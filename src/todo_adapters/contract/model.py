"""The expected result of every call of the port, computed in the simplest way."""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar

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
    Task,
    TaskDraft,
    TaskNotFound,
    TaskPage,
    TaskQuery,
    TodoError,
    UserId,
)
from todo_domain.placement import place, wider_reach

Result = TypeVar("Result")
Place = tuple[Any, int]
"""The sort value of a task, and its id."""


class Model:
    """Plain dicts: the changes of each user in their order, and the idempotency keys.

    A revision is the number of changes. The methods are those of TaskRepository, but
    not coroutines. Each write counts everything anew.
    """

    def __init__(self, epoch: str, quotas: Quotas) -> None:
        self.epoch = epoch
        self._quotas = quotas
        self._logs: dict[UserId, list[tuple[Change, datetime]]] = {}
        self._purged: dict[UserId, set[Change]] = {}
        self._keys: dict[tuple[UserId, str], tuple[str, Any, datetime]] = {}

    def add(self, user_id: UserId, draft: TaskDraft, *, at: datetime, key: IdempotencyKey | None = None) -> Added:
        task, _, replayed = self._once(user_id, key, at, lambda: self._create(user_id, draft, at))
        return Added(task, replayed)

    def get(self, user_id: UserId, task_id: int) -> Task:
        task = self._latest(user_id).get(task_id)
        if not isinstance(task, Task):
            raise TaskNotFound(task_id)
        return task

    def list(self, user_id: UserId, query: TaskQuery) -> TaskPage:
        found = [task for task in self._latest(user_id).values() if isinstance(task, Task) and query.matches(task)]
        places: dict[Place, Any] = {(query.sort.of(task), task.id): task for task in found}
        start = 0
        if query.after:
            cursor = query.after.value, query.after.id
            start = 1 + _in_order({*places, cursor}, descending=query.descending).index(cursor)
            places.setdefault(cursor)
        ordered = _in_order(places, descending=query.descending)[start:]
        return query.page([places[place] for place in ordered], self._revision(user_id))

    def change(self, user_id: UserId, task_id: int, edit: Edit) -> Task:
        return self._write(user_id, lambda: self._change(user_id, task_id, edit))

    def remove(self, user_id: UserId, task_id: int, *, at: datetime, guard: Guard) -> None:
        self._write(user_id, lambda: self._remove(user_id, task_id, at, guard))

    def apply(self, user_id: UserId, batch: Batch, *, at: datetime, key: IdempotencyKey | None = None) -> BatchResult:
        def evaluate() -> tuple[Outcome, ...]:
            outcomes: list[Outcome] = []
            try:
                outcomes.extend(self._do(user_id, operation, at) for operation in batch.operations)
            except TodoError as cause:
                raise BatchFailed(len(outcomes), cause) from cause
            return tuple(outcomes)

        return BatchResult(*self._once(user_id, key, at, evaluate))

    def forget_keys(self, user_id: UserId, *, before: datetime, limit: int) -> int:
        old = [name for name, kept in self._keys.items() if name[0] == user_id and kept[2] < before]
        assert len(old) <= limit
        for name in old:
            del self._keys[name]
        return len(old)

    def changes(self, user_id: UserId, since: FeedToken | None, limit: int) -> ChangePage:
        seen = since.revision if since else 0
        base = since.base if since and seen else self._revision(user_id)
        known = max(seen, since.base if since else 0)
        purged = self._purged.get(user_id, set())
        missed = seen and known < max((deletion.revision for deletion in purged), default=0)
        if missed or known > self._revision(user_id) or (since and since.epoch != self.epoch):
            raise CursorExpired
        news = [change for change in self._latest(user_id).values() if change.revision > seen and change not in purged]
        news.sort(key=lambda change: change.revision)
        has_more = len(news) > limit
        reached = news[limit - 1].revision if has_more else self._revision(user_id)
        return ChangePage(tuple(news[:limit]), FeedToken(self.epoch, reached, base if base > reached else 0), has_more)

    def revisions(self, user_ids: Collection[UserId]) -> dict[UserId, int]:
        return {user_id: self._revision(user_id) for user_id in user_ids if self._revision(user_id)}

    def purge(self, before: datetime) -> None:
        for user_id, log in self._logs.items():
            old = {change for change, at in log if isinstance(change, Deletion) and at < before}
            self._purged.setdefault(user_id, set()).update(old)
        self._keys = {name: kept for name, kept in self._keys.items() if kept[2] >= before}

    def _revision(self, user_id: UserId) -> int:
        return len(self._logs.get(user_id, ()))

    def _latest(self, user_id: UserId) -> dict[int, Change]:
        return {change.id: change for change, _ in self._logs.get(user_id, ())}

    def _log(self, user_id: UserId, change: Change, at: datetime) -> None:
        self._logs.setdefault(user_id, []).append((change, at))

    def _create(self, user_id: UserId, draft: TaskDraft, at: datetime, move: Move | None = None) -> Task:
        position = self._place(user_id, move) if move else None
        task_id, revision = max(self._latest(user_id), default=0) + 1, self._revision(user_id) + 1
        task = Task.from_draft(draft, user_id=user_id, id=task_id, revision=revision, at=at, position=position)
        self._log(user_id, task, at)
        return task

    def _change(self, user_id: UserId, task_id: int, edit: Edit) -> Task:
        task = self.get(user_id, task_id)
        edited = edit(task)
        if edited == task:
            return task
        edited = edited._replace(revision=self._revision(user_id) + 1)
        self._log(user_id, edited, edited.updated_at)
        return edited

    def _remove(self, user_id: UserId, task_id: int, at: datetime, guard: Guard) -> None:
        guard(self.get(user_id, task_id))
        self._log(user_id, Deletion(task_id, self._revision(user_id) + 1), at)

    def _do(self, user_id: UserId, operation: Operation, at: datetime) -> Outcome:
        if isinstance(operation, Create):
            task = self._create(user_id, operation.draft, at, operation.move)
        elif isinstance(operation, Patch):
            task = self._change(user_id, operation.task_id, self._edit_of(user_id, operation, at))
        else:
            self._remove(user_id, operation.task_id, at, lambda task: task.require(operation.expected))
            return Outcome(operation.task_id, self._revision(user_id))
        return Outcome(task.id, task.revision, task.position if operation.move else None)

    def _place(self, user_id: UserId, move: Move, moved: Task | None = None) -> str:
        tasks = [task for task in self._latest(user_id).values() if isinstance(task, Task) and task != moved]
        order = sorted((Neighbour(task.id, task.position) for task in tasks), key=lambda each: each.position)
        ids = [each.id for each in order]
        if move.anchor is None:
            index = 0 if move.first else len(order)
        elif move.anchor in ids:
            index = ids.index(move.anchor) + (move.before is None)
        else:
            raise move.refused_anchor()
        last_id, current = max(self._latest(user_id), default=0), moved and moved.position
        reach, placement = 1, None
        while placement is None:
            below, above = order[:index][::-1][:reach], order[index : index + reach]
            placement = place(below, above, reach=reach, last_id=last_id, current=current)
            reach = wider_reach(reach)
        for task_id, position in placement.spread.items():
            task = self.get(user_id, task_id)
            spread = task._replace(position=position, revision=self._revision(user_id) + 1)
            self._log(user_id, spread, task.updated_at)
        return placement.position

    def _edit_of(self, user_id: UserId, operation: Patch, at: datetime) -> Edit:
        def edit(task: Task) -> Task:
            patched = conditional(operation, at)(task)
            return patched.moved(self._place(user_id, operation.move, task), at) if operation.move else patched

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
        before, length, keys = self._counters(user_id), self._revision(user_id), dict(self._keys)
        try:
            result = do()
            if key and at:
                self._keys[user_id, key.key] = (key.fingerprint, result, at)
            self._quotas.check(before, self._counters(user_id))
        except TodoError:
            del self._logs.get(user_id, [])[length:]
            self._keys = keys
            raise
        deletions = self._deletions(user_id)
        surplus = self._quotas.surplus_deletions(len(deletions))
        self._purged.setdefault(user_id, set()).update(deletions[:surplus])
        return result

    def _counters(self, user_id: UserId) -> ListCounters:
        tasks = [task for task in self._latest(user_id).values() if isinstance(task, Task)]
        results = [result for (owner, _), (_, result, _) in self._keys.items() if owner == user_id]
        return ListCounters(
            task_count=len(tasks),
            open_count=sum(not task.complete for task in tasks),
            key_count=sum(1 if isinstance(result, Task) else len(result) for result in results),
        )

    def _deletions(self, user_id: UserId) -> Sequence[Deletion]:
        """Return the deletions that are remembered, in order of revision."""
        purged = self._purged.get(user_id, set())
        found = [change for change in self._latest(user_id).values() if isinstance(change, Deletion)]
        return sorted((each for each in found if each not in purged), key=lambda deletion: deletion.revision)


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
