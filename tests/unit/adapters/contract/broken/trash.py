"""Adapters whose trash loses too much, keeps too much, or shows it to others."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from tests.unit.adapters.contract.broken import breaks
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_adapters.in_memory.task_list import TaskList
from todo_domain import (
    Batch,
    BatchEffects,
    BatchResult,
    IdempotencyKey,
    Quotas,
    Remove,
    Restore,
    Task,
    TrashPage,
    TrashQuery,
    UserId,
)

Key = IdempotencyKey | None


@breaks("test_a_removed_task_is_in_the_trash_with_its_content")
class ErasesAtOnce(InMemoryTaskRepository):
    async def remove(self, user_id: UserId, task_id: int, **arguments: Any) -> None:
        await super().remove(user_id, task_id, **{**arguments, "permanent": True})


@breaks("test_no_list_contains_a_task_in_the_trash")
class ReadsTheTrashToo(InMemoryTaskRepository):
    async def get_many(self, user_id: UserId, task_ids: Sequence[int]) -> Sequence[Task]:
        tasks = self._list_of(user_id)
        return [*await super().get_many(user_id, task_ids), *(trashed.task for trashed in tasks.trash)]


@breaks("test_the_trash_lists_the_last_deletions_first_in_pages")
class ListsTheOldestFirst(InMemoryTaskRepository):
    async def list_trash(self, user_id: UserId, query: TrashQuery) -> TrashPage:
        page = await super().list_trash(user_id, query)
        return replace(page, tasks=page.tasks[::-1])


@breaks("test_the_trash_is_not_shared")
class SharesTheTrash(InMemoryTaskRepository):
    async def erase_oldest(self, user_id: UserId, **arguments: Any) -> int:
        for each in self._lists:
            await super().erase_oldest(each, **arguments)
        return await super().erase_oldest(user_id, **arguments)


class _RestoresWrongly(InMemoryTaskRepository):
    def _restored(self, task: Task) -> Task:
        raise NotImplementedError

    async def apply(self, user_id: UserId, batch: Batch, *, at: datetime, key: Key = None) -> BatchResult:
        result = await super().apply(user_id, batch, at=at, key=key)
        tasks = self._lists[user_id].tasks
        for operation in batch.operations:
            if isinstance(operation, Restore) and operation.task_id in tasks:
                tasks[operation.task_id] = self._restored(tasks[operation.task_id])
        return result


@breaks("test_a_restored_task_is_in_the_list_again_at_a_higher_revision")
class RestoresTheRevisionToo(_RestoresWrongly):
    def _restored(self, task: Task) -> Task:
        return task._replace(revision=task.revision - 1)


@breaks("test_a_restored_task_is_in_the_list_again_at_a_higher_revision")
class RestoresSomeFields(_RestoresWrongly):
    def _restored(self, task: Task) -> Task:
        return task._replace(tags=())


@breaks("test_a_false_precondition_keeps_a_task_in_the_trash")
class IgnoresPreconditionsInTheTrash(InMemoryTaskRepository):
    async def apply(self, user_id: UserId, batch: Batch, *, at: datetime, key: Key = None) -> BatchResult:
        unconditional = (
            replace(each, expected=None) if isinstance(each, Restore) else each for each in batch.operations
        )
        return await super().apply(user_id, Batch(tuple(unconditional)), at=at, key=key)


@breaks("test_restoring_counts_against_the_quotas")
class RestoresBeyondTheQuotas(InMemoryTaskRepository):
    async def apply(self, user_id: UserId, batch: Batch, *, at: datetime, key: Key = None) -> BatchResult:
        quotas = self.quotas
        if any(isinstance(each, Restore) for each in batch.operations):
            self.quotas = Quotas()
        try:
            return await super().apply(user_id, batch, at=at, key=key)
        finally:
            self.quotas = quotas


@breaks("test_a_permanent_removal_keeps_nothing_in_the_trash")
class NeverErases(InMemoryTaskRepository):
    async def remove(self, user_id: UserId, task_id: int, **arguments: Any) -> None:
        await super().remove(user_id, task_id, **{**arguments, "permanent": False})


@breaks("test_a_permanent_removal_keeps_nothing_in_the_trash")
class KeepsWhatABatchErases(InMemoryTaskRepository):
    async def apply(self, user_id: UserId, batch: Batch, *, at: datetime, key: Key = None) -> BatchResult:
        kept = (replace(each, permanent=False) if isinstance(each, Remove) else each for each in batch.operations)
        return await super().apply(user_id, Batch(tuple(kept)), at=at, key=key)


@breaks("test_erasing_changes_no_revision_and_no_feed")
class RaisesTheRevisionWhenItErases(InMemoryTaskRepository):
    async def erase_oldest(self, user_id: UserId, **arguments: Any) -> int:
        tasks = self._list_of(user_id)
        tasks.counters = tasks.counters._replace(revision=tasks.counters.revision + 1)
        return await super().erase_oldest(user_id, **arguments)


@breaks("test_the_oldest_are_erased_first_and_at_most_limit")
class ErasesEverything(InMemoryTaskRepository):
    async def erase_oldest(self, user_id: UserId, *, limit: int, **arguments: Any) -> int:
        return await super().erase_oldest(user_id, **arguments, limit=10 * limit)


@breaks("test_only_the_last_tasks_are_kept_in_the_trash")
class KeepsAllTrash(InMemoryTaskRepository):
    def _write(self, tasks: TaskList, effects: BatchEffects, at: datetime, key: Key = None) -> None:
        quotas = self.quotas
        self.quotas = replace(quotas, max_trash=0)
        try:
            super()._write(tasks, effects, at, key)
        finally:
            self.quotas = quotas


@breaks("test_a_forgotten_deletion_is_no_longer_in_the_trash")
class CountsForgottenTrash(InMemoryTaskRepository):
    async def list_trash(self, user_id: UserId, query: TrashQuery) -> TrashPage:
        return replace(await super().list_trash(user_id, query), count=self._list_of(user_id).counters.revision)


@breaks("test_a_purge_erases_content_first_and_forgets_the_deletion_later")
class ForgetsTheDeletionWithTheContent(InMemoryTaskRepository):
    async def purge(self, *, trash_before: datetime, deletions_before: datetime, **others: Any) -> int:
        before = max(trash_before, deletions_before)
        return await super().purge(trash_before=trash_before, deletions_before=before, **others)


@breaks("test_a_purge_erases_content_first_and_forgets_the_deletion_later")
class NeverPurgesTheTrash(InMemoryTaskRepository):
    async def purge(self, *, trash_before: datetime, **others: Any) -> int:
        return await super().purge(trash_before=trash_before.replace(year=1), **others)
