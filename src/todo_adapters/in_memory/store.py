"""The store in memory as a whole: its opening, closing and maintenance."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Self

from todo_adapters.in_memory.access_tokens import InMemoryAccessTokenRepository
from todo_adapters.in_memory.task_list import TaskList
from todo_domain import NotOpen, UserId, require_not_erased, revision_floor


class InMemoryStore:
    """A StoreMaintenance of the lists in memory, which exist as long as the object."""

    def __init__(self) -> None:
        self._all_lists: dict[UserId, TaskList] = {}
        self._epoch = secrets.token_hex(4)
        self._revision_floor = 0
        self._is_open = False
        self.access_tokens = InMemoryAccessTokenRepository(self._require_open, self._require_writable)

    async def __aenter__(self) -> Self:
        """Open the store."""
        self._is_open = True
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the store; its lists stay."""
        self._is_open = False

    async def check_reads(self) -> None:
        """See StoreMaintenance."""
        self._require_open()

    async def check_writes(self) -> None:
        """See StoreMaintenance."""
        self._require_open()

    async def purge(
        self,
        *,
        trash_before: datetime,
        deletions_before: datetime,
        keys_before: datetime,
        limit: int,
        dry_run: bool = False,
    ) -> int:
        """See StoreMaintenance."""
        trash = [
            (tasks, trashed)
            for tasks in self._lists.values()
            for trashed in tasks.all_trash
            if deletions_before <= trashed.deleted_at < trash_before
        ][:limit]
        limit -= len(trash)
        keys = [
            (tasks, key)
            for tasks in self._lists.values()
            for key, stored in tasks.keys.items()
            if stored.at < keys_before
        ][:limit]
        deletions = [
            (tasks, deletion)
            for tasks in self._lists.values()
            for deletion in (*tasks.deleted.values(), *tasks.deleted_projects.values())
            if deletion.deleted_at < deletions_before
        ][: limit - len(keys)]
        if not dry_run:
            for tasks, trashed in trash:
                tasks.erase(trashed)
            for tasks, key in keys:
                tasks.forget_key(key)
            for tasks, deletion in deletions:
                tasks.forget_deletion(deletion)
        return len(trash) + len(keys) + len(deletions)

    async def erased_since(self, since: datetime) -> Mapping[UserId, datetime]:
        """See StoreMaintenance."""
        times = ((user_id, tasks.erased_at) for user_id, tasks in self._lists.items())
        return {user_id: at for user_id, at in times if at is not None and at >= since}

    async def purge_erasures(self, *, before: datetime, limit: int, dry_run: bool = False) -> int:
        """See StoreMaintenance."""
        times = ((user_id, tasks.erased_at) for user_id, tasks in self._lists.items())
        old = [user_id for user_id, at in times if at is not None and at < before][:limit]
        for user_id in () if dry_run else old:
            tasks = self._lists[user_id]
            tasks.erased_at = None
            if tasks.is_empty and not self.access_tokens.has_any(user_id):
                self._revision_floor = max(self._revision_floor, tasks.counters.revision)
                del self._lists[user_id]
        return len(old)

    async def renew_epoch(self, *, at: datetime) -> str:
        """See StoreMaintenance."""
        self._require_open()
        self._revision_floor = max(self._revision_floor, revision_floor(at))
        self._epoch = secrets.token_hex(4)
        return self._epoch

    @property
    def _lists(self) -> dict[UserId, TaskList]:
        self._require_open()
        return self._all_lists

    def _require_open(self) -> None:
        if not self._is_open:
            raise NotOpen(self)

    def _require_writable(self, user_id: UserId) -> None:
        if tasks := self._lists.get(user_id):
            require_not_erased(user_id, tasks.erased_at)
