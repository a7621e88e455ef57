"""Task lists in the memory of this process: for tests, demos and embedding."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from operator import attrgetter

from todo_adapters.in_memory.store import InMemoryStore
from todo_adapters.in_memory.task_list import TaskList
from todo_domain import (
    NO_QUOTAS,
    TASKS,
    Added,
    Batch,
    BatchEffects,
    BatchResult,
    ChangePage,
    Edit,
    FeedState,
    FeedToken,
    Guard,
    IdempotencyKey,
    ImportBatch,
    Kind,
    ListCounters,
    Outcome,
    Project,
    ProjectList,
    ProjectNotFound,
    Quotas,
    Snapshot,
    Task,
    TaskDraft,
    TaskIds,
    TaskPage,
    TaskQuery,
    TrashPage,
    TrashQuery,
    UserId,
    run_evaluation,
)
from todo_domain.trash import removed


class InMemoryTaskRepository(InMemoryStore):
    """A TaskStore for one event loop. Its lists exist as long as the object, whether it is open or not.

    No method awaits anything, so each is one atomic step among the tasks of the loop.
    `quotas` may be replaced at any time.
    """

    def __init__(self, quotas: Quotas = NO_QUOTAS) -> None:
        super().__init__()
        self.quotas = quotas

    async def add(self, user_id: UserId, draft: TaskDraft, *, at: datetime, key: IdempotencyKey | None = None) -> Added:
        """See TaskRepository."""
        tasks = self._lists.setdefault(user_id, self._writable(user_id))
        if stored := tasks.find_key(key):
            (first,) = stored.outcomes
            task = Task.from_draft(draft, user_id=user_id, id=first.id, revision=first.revision, at=stored.at)
            return Added(task, replayed=True)
        counters = self._counters_of(tasks)
        task = Task.from_draft(
            draft, user_id=user_id, id=counters.last_task_id + 1, revision=counters.next_revision, at=at
        )
        outcome = Outcome(task.id, task.revision)
        self._write(tasks, BatchEffects((task,), counters.after(task, None), (outcome,)), at, key)
        return Added(task)

    async def get(self, user_id: UserId, task_id: int) -> Task:
        """See TaskRepository."""
        return self._list_of(user_id).find(task_id)

    async def list(self, user_id: UserId, query: TaskQuery) -> TaskPage:
        """See TaskRepository."""
        tasks = self._list_of(user_id)
        return query.page(_find(tasks, query), tasks.counters.revision)

    async def list_ids(self, user_id: UserId, query: TaskQuery) -> TaskIds:
        """See TaskRepository."""
        tasks = self._list_of(user_id)
        page = query.page(_find(tasks, query), tasks.counters.revision)
        return TaskIds([task.id for task in page.tasks], page.revision)

    async def get_many(self, user_id: UserId, task_ids: Sequence[int]) -> Sequence[Task]:
        """See TaskRepository."""
        tasks = self._list_of(user_id).tasks
        return [tasks[task_id] for task_id in task_ids if task_id in tasks]

    async def change(self, user_id: UserId, task_id: int, edit: Edit) -> Task:
        """See TaskRepository."""
        tasks = self._writable(user_id)
        task = tasks.find(task_id)
        edited = edit(task)
        if edited == task:
            return task
        counters = self._counters_of(tasks)
        edited = edited._replace(revision=counters.next_revision)
        self._write(tasks, BatchEffects((edited,), counters.after(edited, task), ()), edited.updated_at)
        return edited

    async def remove(
        self, user_id: UserId, task_id: int, *, at: datetime, guard: Guard | None = None, permanent: bool = False
    ) -> None:
        """See TaskRepository."""
        tasks = self._writable(user_id)
        task = tasks.find(task_id)
        if guard:
            guard(task)
        counters = self._counters_of(tasks)
        gone = removed(task, counters.next_revision, at, permanent=permanent)
        self._write(tasks, BatchEffects((gone,), counters.after(gone, task), ()), at)

    async def apply(
        self, user_id: UserId, batch: Batch, *, at: datetime, key: IdempotencyKey | None = None
    ) -> BatchResult:
        """See TaskRepository."""
        tasks = self._writable(user_id)
        if stored := tasks.find_key(key):
            return BatchResult(stored.outcomes, stored.at, replayed=True)
        effects = self._evaluate(tasks, user_id, batch, at)
        self._write(self._lists.setdefault(user_id, tasks), effects, at, key)
        return effects.result(at)

    async def add_imported(
        self, user_id: UserId, batch: ImportBatch, *, at: datetime, dry_run: bool = False
    ) -> BatchResult:
        """See TaskRepository."""
        tasks = self._writable(user_id)
        effects = self._evaluate(tasks, user_id, batch, at)
        if dry_run:
            effects.checked_counters(self.quotas, tasks.counters, stores_key=False)
        else:
            self._write(self._lists.setdefault(user_id, tasks), effects, at)
        return effects.result(at)

    async def list_trash(self, user_id: UserId, query: TrashQuery) -> TrashPage:
        """See TaskRepository."""
        tasks = self._list_of(user_id)
        found = [trashed for trashed in reversed(tasks.trash) if trashed.revision < query.before]
        projects = [trashed for trashed in tasks.trashed_projects if trashed.revision < query.before]
        count = tasks.counters.trash_count + len(tasks.trashed_projects)
        return query.page(found, projects, tasks.counters.revision, count)

    async def erase_oldest(self, user_id: UserId, *, up_to: int, limit: int) -> int:
        """See TaskRepository."""
        tasks = self._writable(user_id)
        projects = [trashed for trashed in tasks.trashed_projects if trashed.revision <= up_to]
        oldest = [trashed for trashed in tasks.trash if trashed.revision <= up_to][:limit]
        for trashed_project in projects:
            tasks.erase(trashed_project)
        for trashed in oldest:
            tasks.erase(trashed)
        return len(projects) + len(oldest)

    async def forget_keys(self, user_id: UserId, *, before: datetime, limit: int) -> int:
        """See TaskRepository."""
        tasks = self._list_of(user_id)
        old = sorted((stored.at, key) for key, stored in tasks.keys.items() if stored.at < before)[:limit]
        for _, key in old:
            tasks.forget_key(key)
        return len(old)

    async def get_project(self, user_id: UserId, project_id: int) -> Project:
        """See TaskRepository."""
        project = self._list_of(user_id).projects.get(project_id)
        if project is None:
            raise ProjectNotFound(project_id)
        return project

    async def list_projects(self, user_id: UserId) -> ProjectList:
        """See TaskRepository."""
        tasks = self._list_of(user_id)
        projects = sorted(tasks.projects.values(), key=attrgetter("position"))
        return ProjectList(tuple(projects), tasks.counters.revision)

    async def changes(
        self, user_id: UserId, since: FeedToken | None, limit: int, kinds: frozenset[Kind] = TASKS
    ) -> ChangePage:
        """See TaskRepository."""
        tasks = self._list_of(user_id)
        seen = since.revision if since else 0
        newer = [change for change in tasks.changes(kinds) if change.revision > seen]
        state = FeedState(self._epoch, tasks.counters.revision, tasks.purged_revision)
        return state.page(since, limit, sorted(newer, key=attrgetter("revision")), kinds)

    @asynccontextmanager
    async def snapshot(self, user_id: UserId) -> AsyncIterator[Snapshot]:
        """See SnapshotSource. The values are not copied: they never change."""
        yield self._list_of(user_id).snapshot()

    async def erase_user(self, user_id: UserId, *, at: datetime, limit: int) -> bool:  # noqa: ARG002 - one step does all
        """See TaskRepository."""
        erased = self._list_of(user_id)
        if erased.erased_at is None or erased.erased_at < at:
            counters = self._counters_of(erased)
            revision = counters.next_revision
            continued = ListCounters(revision, counters.last_task_id, last_project_id=counters.last_project_id)
            self._lists[user_id] = TaskList(continued, purged_revision=revision, erased_at=at)
            self.access_tokens.erase(user_id)
        return True

    async def revisions(self, user_ids: Collection[UserId]) -> Mapping[UserId, int]:
        """See TaskRepository."""
        return {user_id: self._lists[user_id].counters.revision for user_id in user_ids if user_id in self._lists}

    def _writable(self, user_id: UserId) -> TaskList:
        """Return the user's list, or a new one that is not stored. Raises TokenRejected after an erasure."""
        self._require_writable(user_id)
        return self._lists.get(user_id) or TaskList(purged_revision=self._revision_floor)

    def _list_of(self, user_id: UserId) -> TaskList:
        """Return the user's list, or an empty one that is not stored."""
        return self._lists.get(user_id) or TaskList()

    def _counters_of(self, tasks: TaskList) -> ListCounters:
        return tasks.counters._replace(revision_floor=self._revision_floor)

    def _evaluate(self, tasks: TaskList, user_id: UserId, batch: Batch | ImportBatch, at: datetime) -> BatchEffects:
        evaluation = batch.evaluation(user_id, tasks.find_states(batch.task_ids), self._counters_of(tasks), at)
        return run_evaluation(evaluation, tasks.read)

    def _write(self, tasks: TaskList, effects: BatchEffects, at: datetime, key: IdempotencyKey | None = None) -> None:
        counters = effects.checked_counters(self.quotas, tasks.counters, stores_key=key is not None)
        tasks.write(effects, counters)
        tasks.store_key(key, effects.outcomes, at)
        for deletion in tasks.oldest_deletions(self.quotas.surplus_deletions(counters.deletion_count)):
            tasks.forget_deletion(deletion)
        if surplus := self.quotas.surplus_trash(tasks.counters.trash_count):
            for trashed in tasks.trash[:surplus]:
                tasks.erase(trashed)


def _find(tasks: TaskList, query: TaskQuery) -> Sequence[Task]:
    found = [task for task in tasks.tasks.values() if query.matches(task) and query.follows(task)]
    return sorted(found, key=query.sort_key)
