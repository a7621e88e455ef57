"""Stores that keep something of an erased user, forget too much, or accept old tokens."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from tests.unit.adapters.contract.broken import breaks
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_adapters.in_memory.access_tokens import InMemoryAccessTokenRepository
from todo_domain import UserId


class _TokensThatStay(InMemoryAccessTokenRepository):
    def erase(self, user_id: UserId) -> None:
        pass


@breaks("test_from_the_first_step_of_an_erasure_on_every_read_shows_nothing")
class KeepsAccessTokens(InMemoryTaskRepository):
    def __init__(self) -> None:
        super().__init__()
        self.access_tokens = _TokensThatStay(self._require_open, self._require_writable)


@breaks("test_ids_and_revisions_continue_after_an_erasure_and_keys_do_not")
class ReusesIds(InMemoryTaskRepository):
    async def erase_user(self, user_id: UserId, **arguments: Any) -> bool:
        done = await super().erase_user(user_id, **arguments)
        tasks = self._lists[user_id]
        tasks.counters = tasks.counters._replace(last_task_id=0)
        return done


@breaks("test_feed_tokens_from_before_an_erasure_expire")
class KeepsFeedTokens(InMemoryTaskRepository):
    async def erase_user(self, user_id: UserId, **arguments: Any) -> bool:
        done = await super().erase_user(user_id, **arguments)
        self._lists[user_id] = replace(self._lists[user_id], purged_revision=0)
        return done


@breaks("test_only_a_token_that_was_issued_after_an_erasure_can_write")
class AcceptsTheTokenOfTheSameMoment(InMemoryTaskRepository):
    def _require_writable(self, user_id: UserId) -> None:
        tasks = self._lists.get(user_id)
        if not (tasks and tasks.erased_at == user_id.issued_at):
            super()._require_writable(user_id)


@breaks("test_an_erasure_changes_nothing_of_other_users")
class ErasesUsersWithSimilarNames(InMemoryTaskRepository):
    async def erase_user(self, user_id: UserId, **arguments: Any) -> bool:
        for other in list(self._lists):
            if other.lower() == user_id.lower():
                await super().erase_user(other, **arguments)
        return await super().erase_user(user_id, **arguments)


@breaks("test_an_erasure_at_the_time_of_the_last_one_or_before_changes_nothing")
class ErasesTwice(InMemoryTaskRepository):
    async def erase_user(self, user_id: UserId, *, at: datetime, limit: int) -> bool:
        if user_id in self._lists:
            self._lists[user_id].erased_at = None
        return await super().erase_user(user_id, at=at, limit=limit)


@breaks("test_a_store_knows_who_was_erased_since_a_time")
class KnowsOnlyLaterErasures(InMemoryTaskRepository):
    async def erased_since(self, since: datetime) -> Mapping[UserId, datetime]:
        return {user: at for user, at in (await super().erased_since(since)).items() if at > since}


@breaks("test_an_old_erasure_is_forgotten_and_no_feed_token_from_before_it_is_accepted")
class BeginsAgainAtTheFirstRevision(InMemoryTaskRepository):
    async def purge_erasures(self, **arguments: Any) -> int:
        floor = self._revision_floor
        purged = await super().purge_erasures(**arguments)
        self._revision_floor = floor
        return purged
