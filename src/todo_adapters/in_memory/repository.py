"""Task lists in this process's memory: for tests, demos and embedding, gone when it ends."""

import secrets
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from todo_domain import (
    Added,
    Batch,
    BatchResult,
    Change,
    ChangePage,
    Deletion,
    Edit,
    FeedState,
    FeedToken,
    Guard,
    IdempotencyKey,
    ListCounters,
    Outcome,
    Task,
    TaskDraft,
    TaskNotFound,
    TaskPage,
    TaskQuery,
    UserId,
    revision_floor,
)
from todo_domain.text import fold


@dataclass(slots=True)
class _KeptKey:
    fingerprint: str
    outcomes: tuple[Outcome, ...]
    at: datetime


@dataclass(slots=True)
class _TaskList:
    """Everything about one user, tombstones and keys with the time they date from."""

    counters: ListCounters = field(default_factory=ListCounters)
    forgotten_revision: int = 0
    tasks: dict[int, Task] = field(default_factory=dict)
    deletions: dict[int, tuple[Deletion, datetime]] = field(default_factory=dict)
    keys: dict[str, _KeptKey] = field(default_factory=dict)

    def find(self, task_id: int) -> Task:
        task = self.tasks.get(task_id)
        if task is None:
            raise TaskNotFound(task_id)
        return task

    def write(self, changes: Iterable[Change], counters: ListCounters, at: datetime) -> None:
        self.counters = counters
        for change in changes:
            if isinstance(change, Deletion):
                self.tasks.pop(change.id, None)
                self.deletions[change.id] = (change, at)
            else:
                self.tasks[change.id] = change

    def recall(self, key: IdempotencyKey | None) -> _KeptKey | None:
        kept = self.keys.get(key.key) if key else None
        if key and kept:
            key.recognise(kept.fingerprint)
        return kept

    def keep(self, key: IdempotencyKey | None, outcomes: tuple[Outcome, ...], at: datetime) -> None:
        if key:
            self.keys[key.key] = _KeptKey(key.fingerprint, outcomes, at)


class InMemoryTaskRepository:
    """A TaskRepository and StoreMaintenance for one event loop.

    No method awaits anything, so each is one atomic step among the loop's tasks.
    """

    def __init__(self) -> None:
        self._lists: dict[UserId, _TaskList] = {}
        self._epoch = secrets.token_hex(4)
        self._revision_floor = 0

    async def add(self, user_id: UserId, draft: TaskDraft, *, at: datetime, key: IdempotencyKey | None = None) -> Added:
        """See TaskRepository."""
        tasks = self._lists.setdefault(user_id, _TaskList())
        if kept := tasks.recall(key):
            (first,) = kept.outcomes
            task = Task.from_draft(draft, user_id=user_id, id=first.task_id, revision=first.revision, at=kept.at)
            return Added(task, replayed=True)
        counters = self._raised(tasks, ids=1)
        task = Task.from_draft(draft, user_id=user_id, id=counters.last_task_id, revision=counters.revision, at=at)
        tasks.write([task], counters, at)
        tasks.keep(key, (Outcome(task.id, task.revision),), at)
        return Added(task)

    async def get(self, user_id: UserId, task_id: int) -> Task:
        """See TaskRepository."""
        return self._list_of(user_id).find(task_id)

    async def list(self, user_id: UserId, query: TaskQuery) -> TaskPage:
        """See TaskRepository."""
        tasks = self._list_of(user_id)
        found = _in_order([task for task in tasks.tasks.values() if _meets(task, query)], query)
        return query.page(found[: query.limit + 1], tasks.counters.revision)

    async def change(self, user_id: UserId, task_id: int, edit: Edit) -> Task:
        """See TaskRepository."""
        tasks = self._list_of(user_id)
        task = tasks.find(task_id)
        edited = edit(task)
        if edited == task:
            return task
        counters = self._raised(tasks)
        edited = edited._replace(revision=counters.revision)
        tasks.write([edited], counters, edited.updated_at)
        return edited

    async def remove(self, user_id: UserId, task_id: int, *, at: datetime, guard: Guard | None = None) -> None:
        """See TaskRepository."""
        tasks = self._list_of(user_id)
        task = tasks.find(task_id)
        if guard:
            guard(task)
        counters = self._raised(tasks)
        tasks.write([Deletion(task_id, counters.revision)], counters, at)

    async def apply(
        self, user_id: UserId, batch: Batch, *, at: datetime, key: IdempotencyKey | None = None
    ) -> BatchResult:
        """See TaskRepository."""
        tasks = self._list_of(user_id)
        if kept := tasks.recall(key):
            return BatchResult(kept.outcomes, replayed=True)
        effects = batch.evaluate(user_id, tasks.tasks, self._counters_of(tasks), at)
        tasks = self._lists.setdefault(user_id, tasks)
        tasks.write(effects.changes, effects.counters, at)
        tasks.keep(key, effects.outcomes, at)
        return BatchResult(effects.outcomes)

    async def changes(self, user_id: UserId, since: FeedToken | None, limit: int) -> ChangePage:
        """See TaskRepository."""
        tasks = self._list_of(user_id)
        seen = since.revision if since else 0
        remembered: list[Change] = [*tasks.tasks.values(), *(deletion for deletion, _ in tasks.deletions.values())]
        news = sorted((change for change in remembered if change.revision > seen), key=lambda change: change.revision)
        state = FeedState(self._epoch, tasks.counters.revision, tasks.forgotten_revision)
        return state.page(since, limit, news)

    async def revisions(self, user_ids: Collection[UserId]) -> Mapping[UserId, int]:
        """See TaskRepository."""
        return {user_id: self._lists[user_id].counters.revision for user_id in user_ids if user_id in self._lists}

    async def check(self) -> None:
        """See StoreMaintenance."""

    async def purge(
        self, *, deletions_before: datetime, keys_before: datetime, limit: int, dry_run: bool = False
    ) -> int:
        """See StoreMaintenance."""
        keys = [
            (tasks, key) for tasks in self._lists.values() for key, kept in tasks.keys.items() if kept.at < keys_before
        ][:limit]
        deletions = [
            (tasks, deletion)
            for tasks in self._lists.values()
            for deletion, at in tasks.deletions.values()
            if at < deletions_before
        ][: limit - len(keys)]
        if not dry_run:
            for tasks, key in keys:
                del tasks.keys[key]
            for tasks, deletion in deletions:
                del tasks.deletions[deletion.id]
                tasks.forgotten_revision = max(tasks.forgotten_revision, deletion.revision)
        return len(keys) + len(deletions)

    async def renew_epoch(self, *, at: datetime) -> str:
        """See StoreMaintenance."""
        self._revision_floor = max(self._revision_floor, revision_floor(at))
        self._epoch = secrets.token_hex(4)
        return self._epoch

    def _list_of(self, user_id: UserId) -> _TaskList:
        """Return the user's list, or an empty one that is not kept."""
        return self._lists.get(user_id) or _TaskList()

    def _counters_of(self, tasks: _TaskList) -> ListCounters:
        return replace(tasks.counters, revision_floor=self._revision_floor)

    def _raised(self, tasks: _TaskList, *, ids: int = 0) -> ListCounters:
        """Return the counters behind one more change, and as many more ids."""
        counters = self._counters_of(tasks)
        return replace(counters, revision=counters.next_revision, last_task_id=counters.last_task_id + ids)


def _meets(task: Task, query: TaskQuery) -> bool:
    earliest, latest = query.due_range
    due = task.due.sort_key if task.due else None
    return (
        (query.complete is None or task.complete is query.complete)
        and (not query.priority or task.priority in query.priority)
        and set(query.tag) <= {fold(tag) for tag in task.tags}
        and (earliest is None or (due is not None and due >= earliest))
        and (latest is None or (due is not None and due <= latest))
        and (query.q is None or query.q in fold(task.title) or query.q in fold(task.description or ""))
    )


def _in_order(tasks: Iterable[Task], query: TaskQuery) -> Sequence[Task]:
    """Return the tasks behind the query's cursor, in its order."""
    by_id = sorted(tasks, key=lambda task: task.id)
    value: Callable[[Task], Any] = query.sort.of
    # Sorting is stable, also in reverse: ties stay in ascending order of id.
    ordered = sorted((task for task in by_id if value(task) is not None), key=value, reverse=query.descending)
    ordered += [task for task in by_id if value(task) is None]
    return [task for task in ordered if _follows(task.id, value(task), query)]


def _follows(task_id: int, value: Any, query: TaskQuery) -> bool:
    after = query.after
    if after is None:
        return True
    if value == after.value:
        return task_id > after.id
    if value is None or after.value is None:
        return value is None
    return bool(value < after.value if query.descending else value > after.value)
