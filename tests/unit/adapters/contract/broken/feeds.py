"""Adapters whose change feed misses something, or whose tokens expire at the wrong time."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from tests.unit.adapters.contract.broken import breaks
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_domain import Added, ChangePage, FeedToken, Task, TaskDraft, UserId


@breaks("test_a_removed_task_is_gone_and_the_feed_has_its_deletion")
class ForgetsADeletion(InMemoryTaskRepository):
    async def changes(self, user_id: UserId, since: FeedToken | None, limit: int, *kinds: Any) -> ChangePage:
        page = await super().changes(user_id, since, limit, *kinds)
        return replace(page, changes=tuple(change for change in page.changes if isinstance(change, Task)))


@breaks("test_changes_are_in_order_of_revision_with_each_task_once_in_its_latest_state")
class FeedsInOrderOfId(InMemoryTaskRepository):
    async def changes(self, user_id: UserId, since: FeedToken | None, limit: int, *kinds: Any) -> ChangePage:
        page = await super().changes(user_id, since, limit, *kinds)
        return replace(page, changes=tuple(sorted(page.changes, key=lambda change: change.id)))


@breaks("test_the_token_of_a_page_continues_after_its_last_change")
class SkipsChangesAfterAPage(InMemoryTaskRepository):
    async def changes(self, user_id: UserId, since: FeedToken | None, limit: int, *kinds: Any) -> ChangePage:
        page = await super().changes(user_id, since, limit, *kinds)
        return replace(page, next=replace(page.next, revision=self._list_of(user_id).counters.revision))


@breaks("test_a_reader_that_has_seen_everything_keeps_its_token")
class FeedsTheLastChangeAgain(InMemoryTaskRepository):
    async def changes(self, user_id: UserId, since: FeedToken | None, limit: int, *kinds: Any) -> ChangePage:
        earlier = since and replace(since, revision=max(0, since.revision - 1))
        return await super().changes(user_id, earlier, limit, *kinds)


@breaks("test_a_reader_during_concurrent_writes_misses_nothing")
class CommitsOutOfOrder(InMemoryTaskRepository):
    """Assigns a revision first and shows the task later, as a sequence of the database does."""

    async def add(self, user_id: UserId, draft: TaskDraft, *, at: datetime, key: Any = None) -> Added:
        added = await super().add(user_id, draft, at=at, key=key)
        hidden = self._lists[user_id].tasks.pop(added.task.id)
        await asyncio.sleep(0)
        self._lists[user_id].tasks[hidden.id] = hidden
        return added


@breaks("test_a_token_from_before_a_purged_deletion_is_expired")
class PurgesSilently(InMemoryTaskRepository):
    async def purge(self, **arguments: Any) -> int:
        forgotten = await super().purge(**arguments)
        for tasks in self._lists.values():
            tasks.purged_revision = 0
        return forgotten


@breaks("test_a_purge_forgets_at_most_limit_entries_and_a_dry_run_forgets_nothing")
class ForgetsInADryRun(InMemoryTaskRepository):
    async def purge(self, **arguments: Any) -> int:
        return await super().purge(**{**arguments, "dry_run": False})


@breaks("test_a_purge_forgets_at_most_limit_entries_and_a_dry_run_forgets_nothing")
class ForgetsBeyondTheLimit(InMemoryTaskRepository):
    async def purge(self, *, limit: int, **arguments: Any) -> int:
        return await super().purge(**arguments, limit=10 * limit)


@breaks("test_purging_a_deletion_does_not_alter_tasks_ids_or_other_feeds")
class ForgetsIdsWithDeletions(InMemoryTaskRepository):
    async def purge(self, **arguments: Any) -> int:
        forgotten = await super().purge(**arguments)
        for tasks in self._lists.values():
            last = max([*tasks.tasks, *tasks.deleted], default=0)
            tasks.counters = tasks.counters._replace(last_task_id=last)
        return forgotten


@breaks("test_renewing_the_epoch_expires_every_token_and_does_not_alter_lists")
class RenewsNothing(InMemoryTaskRepository):
    async def renew_epoch(self, *, at: datetime) -> str:
        del at
        return self._epoch


@breaks("test_no_revision_is_used_twice_after_the_epoch_was_renewed")
class UsesLostRevisionsAgain(InMemoryTaskRepository):
    async def renew_epoch(self, *, at: datetime) -> str:
        epoch = await super().renew_epoch(at=at)
        self._revision_floor = 0
        return epoch


@breaks("test_no_revision_is_used_twice_after_the_epoch_was_renewed")
class ForgetsListsThatWereLost(InMemoryTaskRepository):
    """Raises the revision of every list that exists, and starts new lists at 1."""

    async def renew_epoch(self, *, at: datetime) -> str:
        epoch = await super().renew_epoch(at=at)
        for tasks in self._lists.values():
            tasks.counters = tasks.counters._replace(revision=self._revision_floor)
        self._revision_floor = 0
        return epoch


@breaks("test_renewing_the_epoch_expires_every_token_and_does_not_alter_lists")
class RaisesTheRevisionWithTheEpoch(InMemoryTaskRepository):
    async def renew_epoch(self, *, at: datetime) -> str:
        epoch = await super().renew_epoch(at=at)
        for tasks in self._lists.values():
            tasks.counters = tasks.counters._replace(revision=self._revision_floor)
        return epoch


@breaks("test_a_renewal_with_an_earlier_time_does_not_lower_revisions")
class TrustsTheClock(InMemoryTaskRepository):
    async def renew_epoch(self, *, at: datetime) -> str:
        self._revision_floor = 0
        return await super().renew_epoch(at=at)


@breaks("test_a_token_that_was_never_returned_is_expired")
class AcceptsTokensOfOtherEpochs(InMemoryTaskRepository):
    async def changes(self, user_id: UserId, since: FeedToken | None, limit: int, *kinds: Any) -> ChangePage:
        return await super().changes(user_id, since and replace(since, epoch=self._epoch), limit, *kinds)


@breaks("test_a_token_that_was_never_returned_is_expired")
class AcceptsTokensOfTheFuture(InMemoryTaskRepository):
    async def changes(self, user_id: UserId, since: FeedToken | None, limit: int, *kinds: Any) -> ChangePage:
        reached = self._list_of(user_id).counters.revision
        known = since and replace(since, revision=min(since.revision, reached))
        return await super().changes(user_id, known, limit, *kinds)


@breaks("test_revisions_are_returned_for_the_requested_users_only")
class ReturnsRevisionsOfAllLists(InMemoryTaskRepository):
    async def revisions(self, user_ids: Collection[UserId]) -> Mapping[UserId, int]:
        del user_ids
        return await super().revisions(self._lists)


@breaks("test_a_removed_task_is_gone_and_the_feed_has_its_deletion")
class DeletesSoftly(InMemoryTaskRepository):
    """Reports a deletion, and keeps the task in the list."""

    async def remove(self, user_id: UserId, task_id: int, **arguments: Any) -> None:
        task = await self.get(user_id, task_id)
        await super().remove(user_id, task_id, **arguments)
        tasks = self._lists[user_id]
        tasks.tasks[task_id] = task
