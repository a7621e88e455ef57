"""Adapters that store, change or remove tasks wrongly."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from tests.unit.adapters.contract.broken import breaks
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_domain import Added, Edit, StorageUnavailable, Task, TaskDraft, TaskNotFound, UserId


@breaks("test_a_task_of_another_user_is_not_found")
class LeaksAUsersTasks(InMemoryTaskRepository):
    async def get(self, user_id: UserId, task_id: int) -> Task:
        for tasks in (self._list_of(user_id), *self._lists.values()):
            if task_id in tasks.tasks:
                return tasks.find(task_id)
        raise TaskNotFound(task_id)


class _Caseless(dict[str, Any]):
    def get(self, key: str, default: Any = None) -> Any:
        return super().get(key.lower(), default)

    def setdefault(self, key: str, default: Any = None) -> Any:
        return super().setdefault(key.lower(), default)


@breaks("test_users_see_their_own_tasks_only")
class ConfusesUsersWithSimilarNames(InMemoryTaskRepository):
    def __init__(self) -> None:
        super().__init__()
        self._all_lists: Any = _Caseless()


@breaks("test_a_returned_object_never_changes")
class ReturnsAnObjectThatItChanges(InMemoryTaskRepository):
    def __init__(self) -> None:
        super().__init__()
        self._reported: dict[UserId, int] = {}

    async def revisions(self, user_ids: Collection[UserId]) -> Mapping[UserId, int]:
        self._reported = dict(await super().revisions(user_ids))
        return self._reported

    async def change(self, user_id: UserId, task_id: int, edit: Edit) -> Task:
        changed = await super().change(user_id, task_id, edit)
        self._reported[user_id] = changed.revision
        return changed


@breaks("test_concurrent_changes_of_one_task_lose_no_update")
class LosesAnUpdate(InMemoryTaskRepository):
    async def change(self, user_id: UserId, task_id: int, edit: Edit) -> Task:
        read = await self.get(user_id, task_id)
        await asyncio.sleep(0)
        return await super().change(user_id, task_id, lambda _: edit(read))


@breaks("test_exactly_one_of_several_writers_that_expect_the_same_revision_succeeds")
class EvaluatesPreconditionsTooEarly(InMemoryTaskRepository):
    async def remove(self, user_id: UserId, task_id: int, *, guard: Any = None, **arguments: Any) -> None:
        if guard:
            guard(await self.get(user_id, task_id))
        await asyncio.sleep(0)
        await super().remove(user_id, task_id, **arguments)


@breaks("test_a_write_with_a_false_precondition_changes_nothing")
class IgnoresTheGuard(InMemoryTaskRepository):
    async def remove(self, user_id: UserId, task_id: int, *, guard: Any = None, **arguments: Any) -> None:
        del guard
        await super().remove(user_id, task_id, **arguments)


@breaks("test_an_id_is_never_used_twice")
class ReusesAnId(InMemoryTaskRepository):
    async def remove(self, user_id: UserId, task_id: int, *, guard: Any = None, **arguments: Any) -> None:
        await super().remove(user_id, task_id, guard=guard, **arguments)
        tasks = self._lists[user_id]
        tasks.counters = tasks.counters._replace(last_task_id=max(tasks.tasks, default=0))


@breaks("test_a_change_increments_the_revision_and_alters_nothing_else")
class SkipsARevision(InMemoryTaskRepository):
    async def change(self, user_id: UserId, task_id: int, edit: Edit) -> Task:
        self._raise_revision(user_id)
        return await super().change(user_id, task_id, edit)

    def _raise_revision(self, user_id: UserId) -> None:
        tasks = self._list_of(user_id)
        tasks.counters = tasks.counters._replace(revision=tasks.counters.revision + 1)


@breaks("test_an_edit_that_raises_changes_nothing_and_its_error_is_raised")
class RaisesTheRevisionForAnEditThatRaises(SkipsARevision):
    async def change(self, user_id: UserId, task_id: int, edit: Edit) -> Task:
        try:
            return await InMemoryTaskRepository.change(self, user_id, task_id, edit)
        except Exception:
            self._raise_revision(user_id)
            raise


@breaks("test_an_edit_that_raises_changes_nothing_and_its_error_is_raised")
class HidesTheErrorOfAnEdit(InMemoryTaskRepository):
    async def change(self, user_id: UserId, task_id: int, edit: Edit) -> Task:
        try:
            return await super().change(user_id, task_id, edit)
        except KeyError:
            raise StorageUnavailable from None


@breaks("test_an_edit_that_returns_an_equal_task_changes_nothing")
class RaisesTheRevisionForNothing(InMemoryTaskRepository):
    async def change(self, user_id: UserId, task_id: int, edit: Edit) -> Task:
        return await super().change(user_id, task_id, lambda task: edit(task)._replace(revision=0))


@breaks("test_timestamps_come_from_the_caller_and_updated_at_never_decreases")
class UsesItsOwnClock(InMemoryTaskRepository):
    async def change(self, user_id: UserId, task_id: int, edit: Edit) -> Task:
        now = datetime.now(UTC)
        return await super().change(user_id, task_id, lambda task: edit(task)._replace(updated_at=now))


@breaks("test_an_added_task_is_stored_unchanged")
class TruncatesTimes(InMemoryTaskRepository):
    async def add(self, user_id: UserId, draft: TaskDraft, *, at: datetime, key: Any = None) -> Added:
        return await super().add(user_id, draft, at=at.replace(microsecond=0), key=key)


@breaks("test_an_added_task_is_stored_unchanged")
class StoresAnEmptyDescriptionAsNone(InMemoryTaskRepository):
    async def add(self, user_id: UserId, draft: TaskDraft, *, at: datetime, key: Any = None) -> Added:
        return await super().add(user_id, replace(draft, description=draft.description or None), at=at, key=key)


@breaks("test_a_read_shows_the_list_at_one_moment")
class ShowsARevisionBeforeItsTask(InMemoryTaskRepository):
    async def apply(self, user_id: UserId, batch: Any, *, at: datetime, key: Any = None) -> Any:
        result = await super().apply(user_id, batch, at=at, key=key)
        tasks = self._lists[user_id].tasks
        hidden = tasks.pop(result.outcomes[-1].id, None)
        await asyncio.sleep(0)
        tasks.update({hidden.id: hidden} if hidden else {})
        return result
