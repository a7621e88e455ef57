"""Adapters that break a promise about the order by hand."""

import asyncio
from dataclasses import replace
from datetime import datetime

from tests.unit.adapters.contract.broken import breaks
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_domain import (
    Added,
    Batch,
    BatchFailed,
    BatchResult,
    Create,
    IdempotencyKey,
    Move,
    Operation,
    Patch,
    Remove,
    RuleViolated,
    SortKey,
    TaskDraft,
    TaskPage,
    TaskQuery,
    UserId,
    run_evaluation,
)

Key = IdempotencyKey | None


def _moved(batch: Batch) -> list[tuple[int, Operation]]:
    """Return the operations that have a move, with their indexes."""
    return [(index, each) for index, each in enumerate(batch.operations) if getattr(each, "move", None)]


@breaks("test_a_moved_or_new_task_is_at_the_requested_place")
class PlacesAfterInsteadOfBefore(InMemoryTaskRepository):
    async def apply(self, user_id: UserId, batch: Batch, *, at: datetime, key: Key = None) -> BatchResult:
        operations = list(batch.operations)
        for index, operation in _moved(batch):
            if isinstance(operation, Create | Patch) and operation.move and operation.move.before:
                operations[index] = replace(operation, move=Move(after=operation.move.before))
        return await super().apply(user_id, Batch(tuple(operations)), at=at, key=key)


@breaks("test_positions_are_in_the_order_of_their_bytes")
class OrdersPositionsWithoutCase(InMemoryTaskRepository):
    async def list(self, user_id: UserId, query: TaskQuery) -> TaskPage:
        page = await super().list(user_id, query)
        if query.sort is not SortKey.POSITION:
            return page
        tasks = sorted(page.tasks, key=lambda task: task.position.lower(), reverse=query.descending)
        return replace(page, tasks=tuple(tasks))


@breaks("test_a_new_task_is_after_all_others")
class AddsTasksFirst(InMemoryTaskRepository):
    async def add(self, user_id: UserId, draft: TaskDraft, *, at: datetime, key: Key = None) -> Added:
        added = await super().add(user_id, draft, at=at, key=key)
        first = added.task._replace(position=f"0{added.task.position}")
        self._list_of(user_id).tasks[first.id] = first
        return replace(added, task=first)


@breaks("test_moves_of_one_batch_see_each_other")
class DoesOnlyTheLastMoveOfATask(InMemoryTaskRepository):
    async def apply(self, user_id: UserId, batch: Batch, *, at: datetime, key: Key = None) -> BatchResult:
        last = {each.task_id: index for index, each in _moved(batch) if isinstance(each, Patch)}
        moves = [index for index, each in _moved(batch) if isinstance(each, Patch)]
        dropped = set(moves) - set(last.values())
        kept = [each for index, each in enumerate(batch.operations) if index not in dropped]
        return await super().apply(user_id, Batch(tuple(kept)), at=at, key=key)


@breaks("test_a_move_to_where_the_task_is_does_not_increment_the_revision")
class MovesForNothing(InMemoryTaskRepository):
    async def apply(self, user_id: UserId, batch: Batch, *, at: datetime, key: Key = None) -> BatchResult:
        for _, operation in _moved(batch):
            if isinstance(operation, Patch):
                await super().apply(user_id, Batch((replace(operation, move=Move(first=True)),)), at=at)
        return await super().apply(user_id, batch, at=at, key=key)


@breaks("test_an_anchor_that_is_not_another_task_of_the_list_is_refused")
class IgnoresAMissingAnchor(InMemoryTaskRepository):
    async def apply(self, user_id: UserId, batch: Batch, *, at: datetime, key: Key = None) -> BatchResult:
        try:
            return await super().apply(user_id, batch, at=at, key=key)
        except BatchFailed as failed:
            if not isinstance(failed.cause, RuleViolated):
                raise
            return await super().apply(user_id, Batch(batch.operations[: failed.index]), at=at, key=key)


@breaks("test_a_spread_raises_revisions_but_not_the_time_of_the_update")
class UpdatesSpreadTasks(InMemoryTaskRepository):
    async def apply(self, user_id: UserId, batch: Batch, *, at: datetime, key: Key = None) -> BatchResult:
        before = self._list_of(user_id).counters.revision
        result = await super().apply(user_id, batch, at=at, key=key)
        tasks = self._list_of(user_id).tasks
        for task in [task for task in tasks.values() if task.revision > before]:
            tasks[task.id] = task._replace(updated_at=max(at, task.updated_at))
        return result


@breaks("test_a_spread_raises_revisions_but_not_the_time_of_the_update")
class LosesTheSpread(InMemoryTaskRepository):
    async def apply(self, user_id: UserId, batch: Batch, *, at: datetime, key: Key = None) -> BatchResult:
        before = dict(self._list_of(user_id).tasks)
        result = await super().apply(user_id, batch, at=at, key=key)
        tasks = self._list_of(user_id).tasks
        tasks.update({task_id: task for task_id, task in before.items() if task_id not in _named(batch)})
        return result


def _named(batch: Batch) -> set[object]:
    return {each.task_id for each in batch.operations if isinstance(each, Patch | Remove)}


@breaks("test_a_repeated_batch_returns_the_first_positions")
class ForgetsThePositionsOfAReplay(InMemoryTaskRepository):
    async def apply(self, user_id: UserId, batch: Batch, *, at: datetime, key: Key = None) -> BatchResult:
        result = await super().apply(user_id, batch, at=at, key=key)
        if result.replayed:
            outcomes = tuple(replace(outcome, position=None) for outcome in result.outcomes)
            return replace(result, outcomes=outcomes)
        return result


@breaks("test_a_failed_batch_moves_nothing")
class KeepsTheMovesOfAFailedBatch(InMemoryTaskRepository):
    async def apply(self, user_id: UserId, batch: Batch, *, at: datetime, key: Key = None) -> BatchResult:
        try:
            return await super().apply(user_id, batch, at=at, key=key)
        except BatchFailed as failed:
            done = [operation for index, operation in _moved(batch) if index < failed.index]
            await super().apply(user_id, Batch(tuple(done)), at=at)
            raise


@breaks("test_what_each_of_several_concurrent_writers_was_told_holds_at_its_revision")
class PlacesBeforeItLocks(InMemoryTaskRepository):
    async def apply(self, user_id: UserId, batch: Batch, *, at: datetime, key: Key = None) -> BatchResult:
        tasks = self._list_of(user_id)
        effects = run_evaluation(batch.evaluation(user_id, tasks.tasks, tasks.counters, at), tasks.read)
        await asyncio.sleep(0)
        self._write(self._list_of(user_id), effects, at, key)
        return effects.result(at)
