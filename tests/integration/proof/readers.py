"""Readers that keep a copy of a list up to date, each by a different method."""

import asyncio
import json
from collections.abc import MutableMapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.usage import without_bounds
from todo_api.streaming.change_stream import ChangeStream
from todo_api.streaming.live_feed import LiveFeed
from todo_domain import Deletion, FeedToken, SortKey, TaskQuery, TaskUseCases

Copy = dict[int, int]
"""The revision of every existing task, by id."""


class FeedReader:
    """Polls the feed for changes after the last page, until it is cancelled."""

    def __init__(self, tasks: TaskUseCases) -> None:
        self.copy: Copy = {}
        self.revisions: list[int] = []
        self._tasks = tasks
        self._token: FeedToken | None = None

    async def follow(self) -> None:
        while True:
            page = await self._tasks.changes(self._token)
            for change in page.changes:
                self.take(change.id, change.revision, deleted=isinstance(change, Deletion))
            self._token = page.next
            if not page.has_more:
                await asyncio.sleep(0.02)

    def take(self, task_id: int, revision: int, *, deleted: bool) -> None:
        self.revisions.append(revision)
        if deleted:
            self.copy.pop(task_id, None)
        else:
            self.copy[task_id] = revision


class StreamReader(FeedReader):
    """Reads the stream response that the server would send."""

    def __init__(self, tasks: TaskUseCases, live_feed: LiveFeed) -> None:
        super().__init__(tasks)
        self._live_feed = live_feed

    async def follow(self) -> None:
        first = await self._tasks.changes()
        until = datetime.now(UTC) + timedelta(hours=1)
        stream = ChangeStream(self._tasks, first, self._live_feed, without_bounds(), until=until, verify=_valid)
        await stream({"type": "http"}, _never, self._receive)

    async def _receive(self, message: MutableMapping[str, Any]) -> None:
        for line in message.get("body", b"").decode().splitlines():
            name, _, value = line.partition(": ")
            if name == "data":
                change = json.loads(value)
                self.take(change["id"], change["revision"], deleted="deleted" in change)


class UpdatedAtReader(FeedReader):
    """Polls for tasks with a later `updated_at` than the latest it has seen, as is commonly done."""

    def __init__(self, tasks: TaskUseCases) -> None:
        super().__init__(tasks)
        self._seen_until = datetime.min.replace(tzinfo=UTC)

    async def follow(self) -> None:
        while True:
            query = TaskQuery(sort=SortKey.UPDATED_AT, descending=True, limit=500)
            news = [task for task in (await self._tasks.list(query)).tasks if task.updated_at > self._seen_until]
            for task in reversed(news):
                self.take(task.id, task.revision, deleted=False)
                self._seen_until = task.updated_at
            await asyncio.sleep(0.02)


async def _valid() -> None:
    """Verify a token that is always valid."""


async def _never() -> MutableMapping[str, Any]:
    """Never return: the client stays connected."""
    await asyncio.Event().wait()
    return {}
