"""The use cases: what a caller can do with a task list."""

from collections.abc import AsyncIterator, Callable, Container, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from todo_domain.batch import Batch
from todo_domain.changes import DEFAULT_CHANGES, MAX_CHANGES, TASKS, ChangePage, FeedToken, Kind
from todo_domain.draft import TaskDraft, TaskPatch
from todo_domain.erasure import require_not_erased
from todo_domain.idempotency import IdempotencyKey
from todo_domain.identity import Principal, UserId
from todo_domain.import_use_cases import ImportUseCases
from todo_domain.list_writer import ListWriter, NeedsBatch
from todo_domain.listing import TaskPage, TaskQuery
from todo_domain.move import Move
from todo_domain.operations import BatchResult, Create, Erase, Operation, Patch, Remove, RemoveProject, Restore
from todo_domain.ports import MAX_MANY, Added, Clock, TaskRepository
from todo_domain.project_use_cases import ProjectUseCases
from todo_domain.rules import check_page_size
from todo_domain.snapshot import Snapshot
from todo_domain.task import Task
from todo_domain.trash import MAX_ERASED, TrashPage, TrashQuery

DEFAULT_OCCURRENCES: Final = 10
MAX_OCCURRENCES: Final = 100


@dataclass(frozen=True, slots=True)
class WholeList:
    """The revision of a list, and its tasks that match a query, in order, in chunks of at most `MAX_MANY`.

    The chunks can be read only once. Reading a chunk may raise StorageUnavailable.
    """

    revision: int
    chunks: AsyncIterator[Sequence[Task]]


class TaskUseCases:
    """What a principal can do with one owner's task list.

    The constructor raises AccessDenied unless the principal is the owner. So no method
    can be called for the list of another user. It raises TokenRejected if the token was issued no
    later than the user's erasure, which `erased_at` returns. A write raises the same if `erased_at` did
    not know it yet, and ErasureInProgress during the erasure.

    After a write that may have altered the list, `notify` is called with its owner. Without
    `keeps_trash`, every removal is permanent.

    `expected` contains the revisions at which the task may be written. At any other
    revision, a write raises PreconditionFailed. None accepts every revision.
    """

    def __init__(  # noqa: PLR0913 - the ports, the caller and the owner
        self,
        repository: TaskRepository,
        clock: Clock,
        principal: Principal,
        owner: str,
        notify: Callable[[UserId], None] = lambda _: None,
        *,
        keeps_trash: bool = True,
        erased_at: Callable[[UserId], datetime | None] = lambda _: None,
    ) -> None:
        require_not_erased(principal.user_id, erased_at(principal.user_id))
        self.user_id = principal.access(owner)
        self._repository = repository
        self._clock = clock
        self._notify = notify
        self.keeps_trash = keeps_trash

    @property
    def projects(self) -> ProjectUseCases:
        """What the principal can do with the projects of the owner."""
        return ProjectUseCases(self.user_id, self._repository, self._writer.apply_one, keeps_trash=self.keeps_trash)

    @property
    def imports(self) -> ImportUseCases:
        """What the principal can import into the list of the owner."""
        return ImportUseCases(self.user_id, self._repository, self._clock, self._notify)

    @property
    def _writer(self) -> ListWriter:
        return ListWriter(self.user_id, self._repository, self._clock, self._notify)

    async def create(self, draft: TaskDraft, key: str | None = None, move: Move | None = None) -> Added:
        """Add a task; with an idempotency key, at most once for that key. Without a move, it is after all others.

        Raises RuleViolated for a malformed key, for `move` and for `project_id`, IdempotencyConflict,
        QuotaExceeded and TooManyKeys.
        """
        if move or draft.project_id is not None:
            result = await self._writer.apply_one(Create(draft, move), key)
            (outcome,) = result.outcomes
            task = Task.from_draft(
                draft,
                user_id=self.user_id,
                id=outcome.id,
                revision=outcome.revision,
                at=result.at,
                position=outcome.position,
            )
            return Added(task, result.replayed)
        named = None if key is None else IdempotencyKey.of_request(key, draft)
        return await self._writer.add(draft, named)

    async def get(self, task_id: int) -> Task:
        """Return one task, or raise TaskNotFound."""
        return await self._repository.get(self.user_id, task_id)

    async def get_many(self, task_ids: Sequence[int]) -> Sequence[Task]:
        """Return those of up to `MAX_MANY` tasks that exist, in the order of the ids."""
        return await self._repository.get_many(self.user_id, task_ids)

    async def list(self, query: TaskQuery) -> TaskPage:
        """Return a page of the tasks that match the query."""
        return await self._repository.list(self.user_id, query)

    async def list_whole(self, query: TaskQuery) -> TaskPage | WholeList:
        """Return all tasks that match a query without a limit: as one page if there are at most `MAX_MANY`.

        The result has each task that existed at the list's revision exactly once, unless
        the task is deleted before its chunk is read. A task has the state in which it was read.
        """
        page = await self._repository.list(self.user_id, replace(query, limit=MAX_MANY))
        if page.next_cursor is None:
            return page
        found = await self._repository.list_ids(self.user_id, query)
        return WholeList(found.revision, self._read_chunks(found.ids))

    async def revision(self) -> int:
        """Return the list's revision: 0 if no task was ever added."""
        return (await self._repository.revisions([self.user_id])).get(self.user_id, 0)

    async def _read_chunks(self, ids: Sequence[int]) -> AsyncIterator[Sequence[Task]]:
        for start in range(0, len(ids), MAX_MANY):
            yield await self._repository.get_many(self.user_id, ids[start : start + MAX_MANY])

    async def patch(
        self,
        task_id: int,
        patch: TaskPatch | None,
        expected: Container[int] | None = None,
        move: Move | None = None,
    ) -> Task:
        """Apply a patch and a move to a task.

        Completing a recurring task adds its successor. Opening it again takes back a successor
        that nobody has changed.

        Raises TaskNotFound, PreconditionFailed, RuleViolated for `due`, `recurrence`, `project_id` and `move`,
        EmptyPatch without a patch and a move, and QuotaExceeded if it reopens the task.
        """
        if patch and not move:
            try:
                return await self._writer.change(task_id, patch, expected)
            except NeedsBatch:
                pass
        return _task_of(await self._writer.apply_one(Patch(task_id, patch, expected, move)), task_id)

    async def occurrences(self, task_id: int, limit: int = DEFAULT_OCCURRENCES) -> tuple[Task, Sequence[date]]:
        """Return a task, and up to 1–100 days after its due on which it recurs. Raises TaskNotFound and RuleViolated.

        They are the dues of its successors if each task is completed on the day of its due.
        """
        check_page_size(limit, MAX_OCCURRENCES)
        task = await self.get(task_id)
        return task, task.occurrences(limit)

    async def remove(self, task_id: int, expected: Container[int] | None = None, *, permanent: bool = False) -> None:
        """Move a task to the trash, or erase it. Raises TaskNotFound and PreconditionFailed."""
        await self._writer.remove(task_id, expected, permanent=permanent or not self.keeps_trash)

    async def trash(self, query: TrashQuery) -> TrashPage:
        """Return a page of the tasks and projects in the trash, the last deleted ones first."""
        return await self._repository.list_trash(self.user_id, query)

    async def restore(self, task_id: int, expected: Container[int] | None = None) -> Task:
        """Put a task from the trash back into the list, at a new revision.

        Raises TaskNotFound if it is not in the trash, PreconditionFailed and QuotaExceeded.
        """
        return _task_of(await self._writer.apply_one(Restore(task_id, expected)), task_id)

    async def erase(self, task_id: int, expected: Container[int] | None = None) -> None:
        """Erase a task in the trash. Raises TaskNotFound if it is not in the trash, and PreconditionFailed."""
        await self._writer.apply_one(Erase(task_id, expected))

    async def empty_trash(self) -> int:
        """Erase all that is in the trash now, and return how much that is. If it fails, some of it is erased."""
        revision, erased = await self.revision(), 0
        while count := await self._repository.erase_oldest(self.user_id, up_to=revision, limit=MAX_ERASED):
            erased += count
        return erased

    async def apply(self, batch: Batch, key: str | None = None) -> BatchResult:
        """Do all operations of a batch, or none.

        Raises BatchFailed, IdempotencyConflict, QuotaExceeded if the list would exceed a quota after
        the last operation, and TooManyKeys.
        """
        named = None if key is None else IdempotencyKey.of_request(key, batch)
        if not self.keeps_trash:
            batch = Batch(tuple(map(_permanently, batch.operations)))
        return await self._writer.apply(batch, named)

    async def changes(
        self,
        since: FeedToken | None = None,
        limit: int = DEFAULT_CHANGES,
        kinds: frozenset[Kind] | None = None,
    ) -> ChangePage:
        """Return 1–500 changes after a token, or from the start.

        Without `kinds`, they are those of the token, or tasks. Raises CursorExpired and RuleViolated.
        """
        check_page_size(limit, MAX_CHANGES)
        if kinds is None:
            kinds = since.kinds if since else TASKS
        return await self._repository.changes(self.user_id, since, limit, kinds)

    def snapshot(self) -> AbstractAsyncContextManager[Snapshot]:
        """Take a snapshot of everything that the owner has. Entering may raise StorageOverloaded."""
        return self._repository.snapshot(self.user_id)


def _task_of(result: BatchResult, task_id: int) -> Task:
    task = result.tasks[task_id]
    assert isinstance(task, Task)  # noqa: S101 - for the type checker
    return task


def _permanently(operation: Operation) -> Operation:
    return replace(operation, permanent=True) if isinstance(operation, Remove | RemoveProject) else operation
