"""Adapters that complete or reopen recurring tasks wrongly."""

import asyncio
from dataclasses import replace
from datetime import datetime

from tests.unit.adapters.contract.broken import breaks
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_adapters.in_memory.task_list import TaskList
from todo_domain import Batch, BatchEffects, BatchResult, IdempotencyKey, Task, UserId, run_evaluation

Key = IdempotencyKey | None


@breaks("test_of_many_devices_that_complete_a_task_at_once_one_adds_a_successor")
class ReadsTheTasksOfABatchTooEarly(InMemoryTaskRepository):
    async def apply(self, user_id: UserId, batch: Batch, *, at: datetime, key: Key = None) -> BatchResult:
        tasks = self._list_of(user_id)
        stored = dict(tasks.tasks)
        await asyncio.sleep(0)
        effects = run_evaluation(batch.evaluation(user_id, stored, self._counters_of(tasks), at), tasks.read)
        self._write(tasks, effects, at, key)
        return effects.result(at)


@breaks("test_a_quota_counts_a_successor_but_does_not_refuse_it")
class RefusesASuccessor(InMemoryTaskRepository):
    def _write(self, tasks: TaskList, effects: BatchEffects, at: datetime, key: Key = None) -> None:
        super()._write(tasks, replace(effects, successors=0), at, key)


@breaks("test_reopening_takes_back_a_successor_that_nobody_has_changed")
class ForgetsThatASuccessorIsUnchanged(InMemoryTaskRepository):
    def _write(self, tasks: TaskList, effects: BatchEffects, at: datetime, key: Key = None) -> None:
        changes = tuple(
            change._replace(succeeds=None) if isinstance(change, Task) else change for change in effects.changes
        )
        super()._write(tasks, replace(effects, changes=changes), at, key)


@breaks("test_completing_a_recurring_task_adds_the_next_one")
class WritesOnlyTheTaskThatIsNamed(InMemoryTaskRepository):
    def _write(self, tasks: TaskList, effects: BatchEffects, at: datetime, key: Key = None) -> None:
        super()._write(tasks, replace(effects, changes=effects.changes[:1]), at, key)
