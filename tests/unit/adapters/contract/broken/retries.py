"""Adapters that do not recognise a retry, or do half of a batch."""

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Any

from tests.unit.adapters.contract.broken import breaks
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_domain import Added, Batch, BatchFailed, BatchResult, IdempotencyKey, Outcome, TaskDraft, UserId

Key = IdempotencyKey | None


@breaks("test_a_retry_returns_the_first_result_after_a_change_and_after_a_removal")
class ReplaysThePresentState(InMemoryTaskRepository):
    async def add(self, user_id: UserId, draft: TaskDraft, *, at: datetime, key: Key = None) -> Added:
        added = await super().add(user_id, draft, at=at, key=key)
        return replace(added, task=self._list_of(user_id).tasks.get(added.task.id, added.task))


@breaks("test_exactly_one_of_several_concurrent_retries_adds_a_task")
class AddsForEachOfTwoRetriesAtOnce(InMemoryTaskRepository):
    async def add(self, user_id: UserId, draft: TaskDraft, *, at: datetime, key: Key = None) -> Added:
        if key and key.key in self._list_of(user_id).keys:
            return await super().add(user_id, draft, at=at, key=key)
        added = await super().add(user_id, draft, at=at)
        await asyncio.sleep(0)
        self._lists[user_id].store_key(key, (Outcome(added.task.id, added.task.revision),), at)
        return added


@breaks("test_a_key_that_was_used_for_another_request_is_refused")
class IgnoresFingerprints(InMemoryTaskRepository):
    async def add(self, user_id: UserId, draft: TaskDraft, *, at: datetime, key: Key = None) -> Added:
        return await super().add(user_id, draft, at=at, key=key and IdempotencyKey(key.key, "any"))


@breaks("test_keys_of_different_users_are_different_keys")
class SharesKeysAmongUsers(InMemoryTaskRepository):
    def __init__(self) -> None:
        super().__init__()
        self._shared: dict[str, Added] = {}

    async def add(self, user_id: UserId, draft: TaskDraft, *, at: datetime, key: Key = None) -> Added:
        added = await super().add(user_id, draft, at=at, key=key)
        return self._shared.setdefault(key.key, added) if key else added


@breaks("test_a_batch_that_fails_at_its_last_operation_changes_nothing")
class DoesHalfOfABatch(InMemoryTaskRepository):
    async def apply(self, user_id: UserId, batch: Batch, *, at: datetime, key: Key = None) -> BatchResult:
        del key
        outcomes: tuple[Outcome, ...] = ()
        for index, operation in enumerate(batch.operations):
            await asyncio.sleep(0)
            try:
                outcomes += (await super().apply(user_id, Batch((operation,)), at=at)).outcomes
            except BatchFailed as failed:
                raise BatchFailed(index, failed.cause) from None
        return BatchResult(outcomes, at)


@breaks("test_a_failed_batch_does_not_store_its_key")
class KeepsTheKeyOfAFailure(InMemoryTaskRepository):
    async def apply(self, user_id: UserId, batch: Batch, *, at: datetime, key: Key = None) -> BatchResult:
        try:
            return await super().apply(user_id, batch, at=at, key=key)
        except BatchFailed:
            await super().add(user_id, TaskDraft(title="failed"), at=at, key=key)
            await super().remove(user_id, self._lists[user_id].counters.last_task_id, at=at)
            raise


@breaks("test_a_batch_that_fails_at_its_last_operation_changes_nothing")
class ReportsTheFirstOperation(InMemoryTaskRepository):
    async def apply(self, user_id: UserId, batch: Batch, *, at: datetime, key: Key = None) -> BatchResult:
        try:
            return await super().apply(user_id, batch, at=at, key=key)
        except BatchFailed as failed:
            raise BatchFailed(0, failed.cause) from None


@breaks("test_a_purge_forgets_only_what_is_older_than_its_times")
class ForgetsEveryKey(InMemoryTaskRepository):
    async def purge(self, *, keys_before: datetime, **others: Any) -> int:
        return await super().purge(keys_before=keys_before.replace(year=9999), **others)


@breaks("test_the_operations_of_concurrent_batches_do_not_mix")
class LetsBatchesMix(DoesHalfOfABatch):
    """The same fault, as concurrent writers see it."""


@breaks("test_a_cancelled_write_is_done_completely_or_not_at_all")
class DoesHalfOfACancelledBatch(DoesHalfOfABatch):
    """The same fault, when the caller is cancelled."""
