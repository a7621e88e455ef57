"""The expected result of every call of the port, computed in the simplest way."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import Any, TypeVar

from todo_adapters.contract.model_list import ModelList
from todo_adapters.contract.model_log import Deleted, ModelLog
from todo_domain import (
    TASKS,
    Added,
    Batch,
    BatchFailed,
    BatchResult,
    Change,
    ChangePage,
    CursorExpired,
    Deletion,
    Edit,
    FeedToken,
    Guard,
    IdempotencyKey,
    Kind,
    ListCounters,
    Outcome,
    Project,
    ProjectList,
    Quotas,
    Task,
    TaskDraft,
    TaskPage,
    TaskQuery,
    TodoError,
    TrashPage,
    TrashQuery,
    UserId,
)

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
        task, _, replayed = self._once(user_id, key, at, lambda: self._list(user_id).create(draft, at))
        return Added(task, replayed)

    def get(self, user_id: UserId, task_id: int) -> Task:
        return self._list(user_id).find(task_id)

    def get_project(self, user_id: UserId, project_id: int) -> Project:
        return self._list(user_id).find_project(project_id)

    def list_projects(self, user_id: UserId) -> ProjectList:
        log = self._logs[user_id]
        return ProjectList(tuple(sorted(log.projects(), key=lambda each: each.position)), log.revision)

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
        return self._write(user_id, lambda: self._list(user_id).change(task_id, edit))

    def remove(self, user_id: UserId, task_id: int, *, at: datetime, guard: Guard, permanent: bool) -> None:
        self._write(user_id, lambda: self._list(user_id).remove(task_id, at, guard, permanent=permanent))

    def apply(self, user_id: UserId, batch: Batch, *, at: datetime, key: IdempotencyKey | None = None) -> BatchResult:
        def evaluate() -> tuple[Outcome, ...]:
            outcomes: list[Outcome] = []
            tasks = self._list(user_id)
            try:
                outcomes.extend(tasks.do(operation, at) for operation in batch.operations)
            except TodoError as cause:
                raise BatchFailed(len(outcomes), cause) from cause
            return tuple(outcomes)

        return BatchResult(*self._once(user_id, key, at, evaluate))

    def list_trash(self, user_id: UserId, query: TrashQuery) -> TrashPage:
        log = self._logs[user_id]
        found = [trashed for trashed in reversed(log.trash()) if trashed.revision < query.before]
        projects = [trashed for trashed in log.trashed_projects() if trashed.revision < query.before]
        return query.page(found, projects, log.revision, len(log.trash()) + len(log.trashed_projects()))

    def erase_oldest(self, user_id: UserId, *, up_to: int, limit: int) -> int:
        log = self._logs[user_id]
        projects = [trashed for trashed in log.trashed_projects() if trashed.revision <= up_to]
        oldest = [trashed for trashed in log.trash() if trashed.revision <= up_to][:limit]
        log.erase([*projects, *oldest])
        return len(projects) + len(oldest)

    def forget_keys(self, user_id: UserId, *, before: datetime, limit: int) -> int:
        old = [name for name, kept in self._keys.items() if name[0] == user_id and kept[2] < before]
        assert len(old) <= limit
        for name in old:
            del self._keys[name]
        return len(old)

    def erase_user(self, user_id: UserId, at: datetime) -> None:
        log = self._logs[user_id]
        if log.erased_at is None or log.erased_at < at:
            log.erase_everything(at)
            self._keys = {name: kept for name, kept in self._keys.items() if name[0] != user_id}

    def changes(
        self, user_id: UserId, since: FeedToken | None, limit: int, kinds: frozenset[Kind] = TASKS
    ) -> ChangePage:
        log = self._logs[user_id]
        seen = since.revision if since else 0
        base = since.base if since and seen else log.revision
        known = max(seen, since.base if since else 0)
        missed = seen and known < max(log.forgotten, default=0)
        if missed or known > log.revision or (since and (since.epoch, since.kinds) != (self.epoch, kinds)):
            raise CursorExpired
        states: list[Change] = []
        if Kind.TASK in kinds:
            states += [*log.tasks(), *(Deletion(each.id, each.revision) for each in log.deletions())]
        if Kind.PROJECT in kinds:
            deleted = (Deletion(each.id, each.revision, Kind.PROJECT) for each in log.deleted_projects())
            states += [*log.projects(), *deleted]
        news = sorted((each for each in states if each.revision > seen), key=lambda each: each.revision)
        has_more = len(news) > limit
        reached = news[limit - 1].revision if has_more else log.revision
        token = FeedToken(self.epoch, reached, base if base > reached else 0, kinds)
        return ChangePage(tuple(news[:limit]), token, has_more)

    def revisions(self, user_ids: Collection[UserId]) -> dict[UserId, int]:
        return {user_id: self._logs[user_id].revision for user_id in user_ids if self._logs[user_id].revision}

    def purge(self, before: datetime, trash_before: datetime) -> None:
        for log in self._logs.values():
            trash: list[Deleted] = [*log.trash(), *log.trashed_projects()]
            log.erase([trashed for trashed in trash if trashed.deleted_at < trash_before])
            deletions: list[Deleted] = [*log.deletions(), *log.deleted_projects()]
            log.forget([deletion for deletion in deletions if deletion.deleted_at < before])
        self._keys = {name: kept for name, kept in self._keys.items() if kept[2] >= before}

    def _list(self, user_id: UserId) -> ModelList:
        return ModelList(user_id, self._logs[user_id])

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
            project_count=len(self._logs[user_id].projects()),
            key_count=sum(1 if isinstance(result, Task) else len(result) for result in results),
        )

    def _successors_since(self, user_id: UserId, before: ModelLog) -> int:
        """Return how many tasks were added since then because another one was completed."""
        log = self._logs[user_id]
        written = log.states[before.revision :]
        ids = {state.successor_id for state in written if isinstance(state, Task)} - before.latest().keys()
        return sum(isinstance(log.latest().get(task_id or 0), Task) for task_id in ids)


def _in_order(places: Iterable[Place], *, descending: bool) -> list[Place]:
    by_id = sorted(places, key=lambda place: place[1])
    with_value = [place for place in by_id if place[0] is not None]
    with_value.sort(key=lambda place: place[0], reverse=descending)
    return with_value + [place for place in by_id if place[0] is None]
