"""Stores that import items twice or incompletely, or remember them too long, too short, or for the wrong user."""

import asyncio
from dataclasses import replace
from typing import Any

from tests.unit.adapters.contract.broken import breaks
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_adapters.in_memory.task_list import TaskList
from todo_domain import BatchResult, ImportBatch, RememberedItem, UserId
from todo_domain.import_batch import NO_COUNTS, NO_IDS


@breaks("test_an_imported_task_has_its_values_and_its_times")
class DropsTheTimesOfImportedItems(InMemoryTaskRepository):
    async def add_imported(self, user_id: UserId, batch: ImportBatch, **arguments: Any) -> BatchResult:
        items = tuple(replace(item, created_at=None) for item in batch.items)
        return await super().add_imported(user_id, replace(batch, items=items), **arguments)


@breaks("test_an_item_that_was_imported_before_is_not_changed")
class ForgetsImportedItems(InMemoryTaskRepository):
    async def add_imported(self, user_id: UserId, batch: ImportBatch, **arguments: Any) -> BatchResult:
        self._list_of(user_id).imported.clear()
        return await super().add_imported(user_id, batch, **arguments)


@breaks("test_an_exported_task_of_the_same_list_is_not_added_again")
class IgnoresTheIdsOfAnExport(InMemoryTaskRepository):
    async def add_imported(self, user_id: UserId, batch: ImportBatch, **arguments: Any) -> BatchResult:
        items = tuple(replace(item, origin=replace(item.origin, id=None)) for item in batch.items)
        return await super().add_imported(user_id, replace(batch, items=items), **arguments)


@breaks("test_an_imported_item_is_not_taken_for_another_one_of_the_same_time")
class GivesTheIdsOfAnExport(InMemoryTaskRepository):
    async def add_imported(self, user_id: UserId, batch: ImportBatch, **arguments: Any) -> BatchResult:
        return await super().add_imported(user_id, replace(batch, above=NO_IDS), **arguments)


@breaks("test_an_import_of_another_user_is_not_remembered")
class RemembersImportedItemsForAllUsers(InMemoryTaskRepository):
    async def add_imported(self, user_id: UserId, batch: ImportBatch, **arguments: Any) -> BatchResult:
        known: dict[str, RememberedItem] = {}
        for tasks in self._lists.values():
            known |= tasks.imported
        self._lists.setdefault(user_id, TaskList()).imported = known
        return await super().add_imported(user_id, batch, **arguments)


@breaks("test_concurrent_imports_of_the_same_items_add_each_once")
class LosesRacesOfImports(InMemoryTaskRepository):
    async def add_imported(self, user_id: UserId, batch: ImportBatch, **arguments: Any) -> BatchResult:
        known = self._list_of(user_id).imported
        await asyncio.sleep(0)
        tasks = self._lists.setdefault(user_id, TaskList())
        added, tasks.imported = tasks.imported, known
        result = await super().add_imported(user_id, batch, **arguments)
        tasks.imported |= added
        return result


@breaks("test_a_dry_run_counts_and_changes_nothing")
class WritesInADryRun(InMemoryTaskRepository):
    async def add_imported(self, user_id: UserId, batch: ImportBatch, **arguments: Any) -> BatchResult:
        return await super().add_imported(user_id, batch, **{**arguments, "dry_run": False})


@breaks("test_an_import_beyond_a_quota_adds_nothing")
class ForgetsThePrecedingBatches(InMemoryTaskRepository):
    async def add_imported(self, user_id: UserId, batch: ImportBatch, **arguments: Any) -> BatchResult:
        return await super().add_imported(user_id, replace(batch, preceding=NO_COUNTS), **arguments)


class _RemembersForEver(InMemoryTaskRepository):
    def __init__(self) -> None:
        super().__init__()
        self._remembered: dict[UserId, dict[str, RememberedItem]] = {}

    async def add_imported(self, user_id: UserId, batch: ImportBatch, **arguments: Any) -> BatchResult:
        tasks = self._lists.setdefault(user_id, TaskList())
        tasks.imported |= self._remembered.get(user_id, {})
        result = await super().add_imported(user_id, batch, **arguments)
        self._remembered[user_id] = tasks.imported
        return result


@breaks("test_an_imported_item_is_forgotten_with_its_deletion")
class RemembersPurgedItems(_RemembersForEver):
    pass


@breaks("test_the_quotas_of_deletions_forget_imported_items_too")
class RemembersSurplusItems(_RemembersForEver):
    pass


@breaks("test_imported_items_are_recognised_after_reopening")
class ForgetsImportedItemsWhenClosed(InMemoryTaskRepository):
    async def __aexit__(self, *_: object) -> None:
        for tasks in self._lists.values():
            tasks.imported.clear()
        await super().__aexit__()
