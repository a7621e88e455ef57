"""Adapters that confuse projects with each other, or with tasks."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from operator import attrgetter
from typing import Any

from tests.unit.adapters.contract.broken import breaks
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_domain import (
    TASKS,
    Batch,
    BatchResult,
    Change,
    ChangePage,
    Deletion,
    FeedToken,
    Kind,
    Project,
    ProjectList,
    UserId,
)


@breaks("test_a_project_of_another_user_is_not_found")
class ReadsProjectsOfOthers(InMemoryTaskRepository):
    async def get_project(self, user_id: UserId, project_id: int) -> Project:
        for tasks in self._lists.values():
            if project_id in tasks.projects:
                return tasks.projects[project_id]
        return await super().get_project(user_id, project_id)


@breaks("test_projects_are_listed_in_their_order_by_hand")
class ListsProjectsInOrderOfId(InMemoryTaskRepository):
    async def list_projects(self, user_id: UserId) -> ProjectList:
        found = await super().list_projects(user_id)
        return replace(found, projects=tuple(sorted(found.projects, key=attrgetter("id"))))


@breaks("test_a_removed_project_is_gone_and_its_id_is_not_used_again")
class UsesIdsOfProjectsAgain(InMemoryTaskRepository):
    async def apply(self, user_id: UserId, batch: Batch, *, at: datetime, key: Any = None) -> BatchResult:
        result = await super().apply(user_id, batch, at=at, key=key)
        tasks = self._list_of(user_id)
        tasks.counters = tasks.counters._replace(last_project_id=max(tasks.projects, default=0))
        return result


@breaks("test_only_a_reader_that_names_projects_gets_them")
class FeedsProjectsToEveryReader(InMemoryTaskRepository):
    async def changes(
        self, user_id: UserId, since: FeedToken | None, limit: int, kinds: frozenset[Kind] = TASKS
    ) -> ChangePage:
        del kinds
        return await super().changes(user_id, since and replace(since, kinds=frozenset(Kind)), limit, frozenset(Kind))


@breaks("test_a_token_for_other_kinds_is_expired")
class AcceptsTokensForOtherKinds(InMemoryTaskRepository):
    async def changes(
        self, user_id: UserId, since: FeedToken | None, limit: int, kinds: frozenset[Kind] = TASKS
    ) -> ChangePage:
        return await super().changes(user_id, since and replace(since, kinds=kinds), limit, kinds)


@breaks("test_a_removed_project_is_a_deletion_of_its_kind")
class FeedsDeletedProjectsAsTasks(InMemoryTaskRepository):
    async def changes(
        self, user_id: UserId, since: FeedToken | None, limit: int, kinds: frozenset[Kind] = TASKS
    ) -> ChangePage:
        page = await super().changes(user_id, since, limit, kinds)
        return replace(page, changes=_as_tasks(page.changes))


def _as_tasks(changes: Sequence[Change]) -> tuple[Change, ...]:
    return tuple(replace(each, kind=Kind.TASK) if isinstance(each, Deletion) else each for each in changes)
