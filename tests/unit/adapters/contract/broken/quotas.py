"""Adapters that count wrongly, or refuse too little or too much."""

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Any

from tests.unit.adapters.contract.broken import breaks
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_adapters.in_memory.task_list import TaskList
from todo_domain import (
    NO_QUOTAS,
    Added,
    Batch,
    BatchEffects,
    BatchResult,
    Edit,
    IdempotencyKey,
    QuotaExceeded,
    Quotas,
    Task,
    TaskDraft,
    TooManyKeys,
    UserId,
    run_evaluation,
)

Key = IdempotencyKey | None


class _WithoutChecks(InMemoryTaskRepository):
    """Has its quotas, but checks none."""

    def __init__(self) -> None:
        super().__init__()
        self.bounds = NO_QUOTAS

    @property
    def quotas(self) -> Quotas:
        return replace(NO_QUOTAS, max_deletions=self.bounds.max_deletions)

    @quotas.setter
    def quotas(self, quotas: Quotas) -> None:
        self.bounds = quotas


@breaks("test_a_task_above_the_number_of_open_tasks_is_refused")
class IgnoresItsQuotas(_WithoutChecks):
    pass


@breaks("test_a_task_above_the_number_of_all_tasks_is_refused")
class CountsOpenTasksOnly(InMemoryTaskRepository):
    def _write(self, tasks: TaskList, effects: BatchEffects, at: datetime, key: Key = None) -> None:
        counters = effects.counters._replace(task_count=effects.counters.open_count)
        super()._write(tasks, replace(effects, counters=counters), at, key)


@breaks("test_a_task_above_the_number_of_open_tasks_is_refused")
class CountsEveryTaskAsOpen(InMemoryTaskRepository):
    def _write(self, tasks: TaskList, effects: BatchEffects, at: datetime, key: Key = None) -> None:
        counters = effects.counters._replace(open_count=effects.counters.task_count)
        super()._write(tasks, replace(effects, counters=counters), at, key)


@breaks("test_completing_and_removing_tasks_makes_room")
class NeverCountsDown(InMemoryTaskRepository):
    def _write(self, tasks: TaskList, effects: BatchEffects, at: datetime, key: Key = None) -> None:
        counters = effects.counters._replace(open_count=max(effects.counters.open_count, tasks.counters.open_count))
        super()._write(tasks, replace(effects, counters=counters), at, key)


@breaks("test_the_quotas_of_a_user_do_not_depend_on_other_users")
class SharesAQuotaAmongUsers(_WithoutChecks):
    async def add(self, user_id: UserId, draft: TaskDraft, *, at: datetime, key: Key = None) -> Added:
        if 0 < self.bounds.max_tasks <= sum(len(tasks.tasks) for tasks in self._lists.values()):
            raise QuotaExceeded("tasks", self.bounds.max_tasks)
        return await super().add(user_id, draft, at=at, key=key)


@breaks("test_reopening_a_task_above_the_number_of_open_tasks_is_refused")
class ReopensAnyTask(InMemoryTaskRepository):
    async def change(self, user_id: UserId, task_id: int, edit: Edit) -> Task:
        quotas, self.quotas = self.quotas, NO_QUOTAS
        try:
            return await super().change(user_id, task_id, edit)
        finally:
            self.quotas = quotas


@breaks("test_a_user_above_the_quotas_can_do_what_does_not_add_tasks")
class LocksAUserAboveAQuota(InMemoryTaskRepository):
    async def change(self, user_id: UserId, task_id: int, edit: Edit) -> Task:
        counters = self._list_of(user_id).counters
        if 0 < self.quotas.max_open_tasks < counters.open_count:
            raise QuotaExceeded("open tasks", self.quotas.max_open_tasks)
        return await super().change(user_id, task_id, edit)


@breaks("test_a_batch_is_judged_by_the_list_after_its_last_operation")
class JudgesEachOperationOfABatch(InMemoryTaskRepository):
    async def apply(self, user_id: UserId, batch: Batch, *, at: datetime, key: Key = None) -> BatchResult:
        tasks = self._list_of(user_id)
        for end in range(1, len(batch.operations)):
            evaluation = Batch(batch.operations[:end]).evaluation(user_id, tasks.tasks, tasks.counters, at)
            begun = run_evaluation(evaluation, tasks.read)
            self.quotas.check(tasks.counters, begun.counters)
        return await super().apply(user_id, batch, at=at, key=key)


@breaks("test_a_retry_is_replayed_when_the_quota_is_used_up")
class RefusesARetryWhenTheListIsFull(InMemoryTaskRepository):
    async def add(self, user_id: UserId, draft: TaskDraft, *, at: datetime, key: Key = None) -> Added:
        if 0 < self.quotas.max_open_tasks <= self._list_of(user_id).counters.open_count:
            raise QuotaExceeded("open tasks", self.quotas.max_open_tasks)
        return await super().add(user_id, draft, at=at, key=key)


@breaks("test_of_concurrent_writers_exactly_as_many_succeed_as_there_is_room_for")
class ChecksBeforeItWrites(_WithoutChecks):
    async def add(self, user_id: UserId, draft: TaskDraft, *, at: datetime, key: Key = None) -> Added:
        counters = self._list_of(user_id).counters
        self.bounds.check(counters, counters._replace(open_count=counters.open_count + (not draft.complete)))
        await asyncio.sleep(0)
        return await super().add(user_id, draft, at=at, key=key)


@breaks("test_of_concurrent_reopenings_exactly_as_many_succeed_as_there_is_room_for")
class ChecksBeforeItReopens(_WithoutChecks):
    async def change(self, user_id: UserId, task_id: int, edit: Edit) -> Task:
        task = await self.get(user_id, task_id)
        counters = self._list_of(user_id).counters
        self.bounds.check(counters, counters.after(edit(task), task))
        await asyncio.sleep(0)
        return await super().change(user_id, task_id, edit)


@breaks("test_concurrent_retries_take_one_place")
class RefusesTheLoserOfTwoRetriesAtOnce(InMemoryTaskRepository):
    async def add(self, user_id: UserId, draft: TaskDraft, *, at: datetime, key: Key = None) -> Added:
        is_new = not key or key.key not in self._list_of(user_id).keys
        await asyncio.sleep(0)
        if is_new and 0 < self.quotas.max_tasks <= len(self._list_of(user_id).tasks):
            raise QuotaExceeded("tasks", self.quotas.max_tasks)
        return await super().add(user_id, draft, at=at, key=key)


@breaks("test_only_the_last_deletions_are_remembered")
class RemembersEveryDeletion(InMemoryTaskRepository):
    def _write(self, tasks: TaskList, effects: BatchEffects, at: datetime, key: Key = None) -> None:
        quotas = self.quotas
        self.quotas = replace(quotas, max_deletions=0)
        try:
            super()._write(tasks, effects, at, key)
        finally:
            self.quotas = quotas


@breaks("test_only_the_last_deletions_are_remembered")
class ForgetsSilently(InMemoryTaskRepository):
    def _write(self, tasks: TaskList, effects: BatchEffects, at: datetime, key: Key = None) -> None:
        forgotten = tasks.purged_revision
        super()._write(tasks, effects, at, key)
        tasks.purged_revision = forgotten


@breaks("test_purged_deletions_are_no_longer_counted")
class CountsPurgedDeletions(InMemoryTaskRepository):
    async def purge(self, **arguments: Any) -> int:
        before = {user: tasks.counters.deletion_count for user, tasks in self._lists.items()}
        purged = await super().purge(**arguments)
        for user, tasks in self._lists.items():
            tasks.counters = tasks.counters._replace(deletion_count=before[user])
        return purged


@breaks("test_purged_keys_are_no_longer_counted")
class CountsPurgedKeys(InMemoryTaskRepository):
    async def purge(self, **arguments: Any) -> int:
        before = {user: tasks.counters.key_count for user, tasks in self._lists.items()}
        purged = await super().purge(**arguments)
        for user, tasks in self._lists.items():
            tasks.counters = tasks.counters._replace(key_count=before[user])
        return purged


@breaks("test_a_key_above_their_number_is_refused_until_old_ones_are_forgotten")
class CountsABatchAsOneKey(InMemoryTaskRepository):
    def _write(self, tasks: TaskList, effects: BatchEffects, at: datetime, key: Key = None) -> None:
        counters = effects.counters.with_outcomes(1 - len(effects.outcomes)) if key else effects.counters
        super()._write(tasks, replace(effects, counters=counters), at, key)


@breaks("test_a_key_above_their_number_is_refused_until_old_ones_are_forgotten")
class ForgetsYoungKeys(InMemoryTaskRepository):
    async def forget_keys(self, user_id: UserId, *, before: datetime, limit: int) -> int:
        return await super().forget_keys(user_id, before=before.replace(year=9999), limit=limit)


@breaks("test_of_concurrent_keys_exactly_as_many_are_stored_as_there_is_room_for")
class ChecksKeysBeforeItWrites(_WithoutChecks):
    async def add(self, user_id: UserId, draft: TaskDraft, *, at: datetime, key: Key = None) -> Added:
        if 0 < self.bounds.max_keys <= self._list_of(user_id).counters.key_count:
            raise TooManyKeys(self.bounds.max_keys)
        await asyncio.sleep(0)
        return await super().add(user_id, draft, at=at, key=key)
