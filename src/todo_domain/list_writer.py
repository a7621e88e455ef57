"""The writes to one user's list: they make room for idempotency keys, and notify others."""

from collections.abc import Awaitable, Callable, Container
from datetime import datetime
from typing import TypeVar

from todo_domain.batch import Batch
from todo_domain.draft import TaskDraft, TaskPatch
from todo_domain.errors import BatchFailed, TooManyKeys
from todo_domain.idempotency import IdempotencyKey
from todo_domain.identity import UserId
from todo_domain.operations import BatchResult, Operation
from todo_domain.ports import Added, Clock, TaskRepository
from todo_domain.quotas import KEY_AGE, MAX_FORGOTTEN
from todo_domain.task import Task

_T = TypeVar("_T")


class NeedsBatch(Exception):
    """Raised by an edit that `TaskRepository.change` can't do, because it concerns a successor or a project too."""


class ListWriter:
    """Writes to the list of one user at the time of the clock. After each write, `notify` is called with the user."""

    def __init__(
        self, user_id: UserId, repository: TaskRepository, clock: Clock, notify: Callable[[UserId], None]
    ) -> None:
        self._user_id = user_id
        self._repository = repository
        self._clock = clock
        self._notify = notify

    async def add(self, draft: TaskDraft, key: IdempotencyKey | None) -> Added:
        """Add a task without a project."""
        return await self._write(lambda at: self._repository.add(self._user_id, draft, at=at, key=key))

    async def change(self, task_id: int, patch: TaskPatch, expected: Container[int] | None) -> Task:
        """Apply a patch to a task. Raises NeedsBatch if it concerns more rows than that of the task."""
        at = self._clock.now()

        def edit(task: Task) -> Task:
            task.require(expected)
            patched = task.patched(patch, at)
            if not patched.is_settled or patched.project_id not in (None, task.project_id):
                raise NeedsBatch
            return patched

        changed = await self._repository.change(self._user_id, task_id, edit)
        self._notify(self._user_id)
        return changed

    async def remove(self, task_id: int, expected: Container[int] | None, *, permanent: bool) -> None:
        """Move a task to the trash, or erase it."""
        guard = None if expected is None else lambda task: task.require(expected)
        await self._repository.remove(self._user_id, task_id, at=self._clock.now(), guard=guard, permanent=permanent)
        self._notify(self._user_id)

    async def apply_one(self, operation: Operation, key: str | None = None) -> BatchResult:
        """Do one operation that concerns more rows than its own. Raises the error of the operation."""
        named = None if key is None else IdempotencyKey.of_request(key, operation)
        try:
            return await self.apply(Batch((operation,)), named)
        except BatchFailed as failed:
            raise failed.cause from None

    async def apply(self, batch: Batch, key: IdempotencyKey | None) -> BatchResult:
        """Do all operations of a batch, or none."""
        return await self._write(lambda at: self._repository.apply(self._user_id, batch, at=at, key=key))

    async def _write(self, write: Callable[[datetime], Awaitable[_T]]) -> _T:
        """Return the result of the write; forget keys that are older than `KEY_AGE` when there are too many."""
        forgotten: int | None = None
        while True:
            at = self._clock.now()
            try:
                written = await write(at)
            except TooManyKeys:
                # Another request may have forgotten them: fail only if there is no room after that.
                if forgotten == 0:
                    raise
                forgotten = await self._repository.forget_keys(self._user_id, before=at - KEY_AGE, limit=MAX_FORGOTTEN)
            else:
                self._notify(self._user_id)
                return written
