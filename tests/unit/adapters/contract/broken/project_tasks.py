"""Adapters that lose tasks of projects, keep them too long, or put them into the wrong project."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from tests.unit.adapters.contract.broken import breaks
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_adapters.in_memory.task_list import TaskList
from todo_domain import (
    ABSENT,
    Batch,
    BatchEffects,
    BatchResult,
    BulkChange,
    IdempotencyKey,
    Project,
    ProjectOperation,
    Quotas,
    Restore,
    RestoreProject,
    TaskPage,
    TaskQuery,
    TrashedProject,
    TrashedTask,
    TrashPage,
    TrashQuery,
    UserId,
)

Key = IdempotencyKey | None


class _ChangesInBulkWrongly(InMemoryTaskRepository):
    def _instead_of(self, change: BulkChange) -> Sequence[BulkChange]:
        raise NotImplementedError

    def _write(self, tasks: TaskList, effects: BatchEffects, at: datetime, key: Key = None) -> None:
        wrong = [instead for change in effects.bulk for instead in self._instead_of(change)]
        super()._write(tasks, replace(effects, bulk=tuple(wrong)), at, key)


@breaks("test_a_removal_puts_exactly_the_tasks_in_the_project_into_the_trash")
class ForgetsTheTasksOfARemovedProject(_ChangesInBulkWrongly):
    def _instead_of(self, change: BulkChange) -> Sequence[BulkChange]:
        del change
        return ()


@breaks("test_a_removal_puts_exactly_the_tasks_in_the_project_into_the_trash")
class GivesAllTasksOneRevision(_ChangesInBulkWrongly):
    def _instead_of(self, change: BulkChange) -> Sequence[BulkChange]:
        return (replace(change, revisions=dict.fromkeys(change.revisions, max(change.revisions.values()))),)


@breaks("test_restoring_a_project_brings_back_exactly_what_its_removal_removed")
class RestoresTasksThatWereRemovedAloneToo(InMemoryTaskRepository):
    async def apply(self, user_id: UserId, batch: Batch, *, at: datetime, key: Key = None) -> BatchResult:
        deleted = self._list_of(user_id).deleted
        for task_id, each in deleted.items():
            if isinstance(each, TrashedTask):
                deleted[task_id] = each._replace(deleted_with=each.task.project_id)
        return await super().apply(user_id, batch, at=at, key=key)


@breaks("test_a_task_whose_place_was_taken_is_restored_to_a_place_of_its_own")
class RestoresToATakenPlace(InMemoryTaskRepository):
    async def apply(self, user_id: UserId, batch: Batch, *, at: datetime, key: Key = None) -> BatchResult:
        positions = {trashed.id: trashed.task.position for trashed in self._list_of(user_id).trash}
        result = await super().apply(user_id, batch, at=at, key=key)
        tasks = self._list_of(user_id).tasks
        for task_id in positions.keys() & tasks.keys():
            tasks[task_id] = tasks[task_id]._replace(position=positions[task_id])
        return result


@breaks("test_a_task_that_is_restored_without_its_project_has_none")
class RestoresIntoARemovedProject(InMemoryTaskRepository):
    async def apply(self, user_id: UserId, batch: Batch, *, at: datetime, key: Key = None) -> BatchResult:
        before = {trashed.id: trashed.task.project_id for trashed in self._list_of(user_id).trash}
        result = await super().apply(user_id, batch, at=at, key=key)
        tasks = self._list_of(user_id).tasks
        for operation in batch.operations:
            if isinstance(operation, Restore) and operation.task_id in before:
                tasks[operation.task_id] = tasks[operation.task_id]._replace(project_id=before[operation.task_id])
        return result


class _JudgesOtherProjects(InMemoryTaskRepository):
    async def _judged(self, projects: dict[int, Project]) -> dict[int, Project]:
        raise NotImplementedError

    async def apply(self, user_id: UserId, batch: Batch, *, at: datetime, key: Key = None) -> BatchResult:
        tasks = self._list_of(user_id)
        if any(isinstance(operation, ProjectOperation) for operation in batch.operations):
            return await super().apply(user_id, batch, at=at, key=key)
        judged = await self._judged(tasks.projects)
        stored, tasks.projects = tasks.projects, judged
        try:
            return await super().apply(user_id, batch, at=at, key=key)
        finally:
            tasks.projects = stored


@breaks("test_no_task_is_put_into_a_project_that_is_removed_at_the_same_time")
class ChecksProjectsBeforeTheTransaction(_JudgesOtherProjects):
    async def _judged(self, projects: dict[int, Project]) -> dict[int, Project]:
        read = dict(projects)
        await asyncio.sleep(0)
        return read


@breaks("test_a_task_is_not_put_into_a_project_that_is_missing_removed_or_archived")
class PutsTasksIntoArchivedProjects(_JudgesOtherProjects):
    async def _judged(self, projects: dict[int, Project]) -> dict[int, Project]:
        return {project_id: each._replace(archived=False) for project_id, each in projects.items()}


@breaks("test_the_filter_for_a_project_finds_exactly_its_tasks_on_pages_too")
class IgnoresTheFilterForAProject(InMemoryTaskRepository):
    async def list(self, user_id: UserId, query: TaskQuery) -> TaskPage:
        return await super().list(user_id, replace(query, project=ABSENT, cursor=None))


@breaks("test_emptying_the_trash_erases_projects_and_changes_no_feed")
class KeepsProjectsInTheTrash(InMemoryTaskRepository):
    async def erase_oldest(self, user_id: UserId, **arguments: Any) -> int:
        kept = self._list_of(user_id).trashed_projects
        erased = await super().erase_oldest(user_id, **arguments)
        self._list_of(user_id).deleted_projects |= {each.id: each for each in kept}
        return erased


@breaks("test_a_purge_erases_the_content_of_a_project_first_and_its_deletion_later")
class NeverPurgesTheContentOfProjects(InMemoryTaskRepository):
    async def purge(self, *, dry_run: bool = False, **arguments: Any) -> int:
        kept = {user_id: tasks.trashed_projects for user_id, tasks in self._lists.items()}
        purged = await super().purge(dry_run=dry_run, **arguments)
        for user_id, projects in kept.items():
            left = self._lists[user_id].deleted_projects
            left |= {each.id: each for each in projects if each.id in left}
        return purged


@breaks("test_pages_of_the_trash_have_tasks_and_projects_in_one_order")
class RepeatsProjectsOnEveryPageOfTheTrash(InMemoryTaskRepository):
    async def list_trash(self, user_id: UserId, query: TrashQuery) -> TrashPage:
        page = await super().list_trash(user_id, query)
        return replace(page, projects=tuple[TrashedProject, ...](self._list_of(user_id).trashed_projects))


@breaks("test_the_tasks_of_a_restored_project_count_against_the_quotas")
class RestoresProjectsBeyondTheQuotas(InMemoryTaskRepository):
    async def apply(self, user_id: UserId, batch: Batch, *, at: datetime, key: Key = None) -> BatchResult:
        quotas = self.quotas
        if any(isinstance(each, RestoreProject) for each in batch.operations):
            self.quotas = Quotas()
        try:
            return await super().apply(user_id, batch, at=at, key=key)
        finally:
            self.quotas = quotas
