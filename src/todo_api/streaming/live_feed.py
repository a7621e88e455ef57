"""Waking those who wait for changes of a list: at once for a write of this process, else with the next tick."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final, Self

from todo_domain import TaskRepository, UserId

TICK_SECONDS: Final = 0.5
_log: Final = logging.getLogger(__name__)


class LiveFeed:
    """Tells waiting readers that a list may have changed; what has changed they read from the feed.

    All waiting readers of a process cost one query a tick, and none when nobody
    waits. Wakes are not counted: a reader that is busy is woken once.
    """

    def __init__(self, repository: TaskRepository, tick_seconds: float = TICK_SECONDS) -> None:
        self._repository = repository
        self._tick_seconds = tick_seconds
        self._waiting: dict[UserId, set[asyncio.Event]] = defaultdict(set)
        self._ticking: asyncio.Task[None] | None = None
        self.closed = False

    @contextmanager
    def subscribe(self, user_id: UserId) -> Iterator[asyncio.Event]:
        """Give an event that is set whenever the user's list may have changed; whoever waits clears it."""
        wake = asyncio.Event()
        self._waiting[user_id].add(wake)
        if self._ticking is None:
            self._ticking = asyncio.create_task(self._tick())
        try:
            yield wake
        finally:
            self._waiting[user_id].discard(wake)
            if not self._waiting[user_id]:
                del self._waiting[user_id]

    def announce(self, user_id: UserId) -> None:
        """Wake who waits for this user's changes."""
        for wake in self._waiting.get(user_id, ()):
            wake.set()

    def close(self) -> None:
        """Wake everybody for the last time: readers end when they find `closed`."""
        self.closed = True
        for user_id in self._waiting:
            self.announce(user_id)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close, and end the ticking."""
        self.close()
        if self._ticking:
            self._ticking.cancel()
            with suppress(asyncio.CancelledError):
                await self._ticking

    async def _tick(self) -> None:
        seen: dict[UserId, int] = {}
        while True:
            await asyncio.sleep(self._tick_seconds)
            try:
                found = dict(await self._repository.revisions(self._waiting)) if self._waiting else {}
            except Exception:  # noqa: BLE001 - whatever it was, readers go on to depend on the next tick
                _log.warning("the live feed can't read revisions", exc_info=True)
                continue
            for user_id in seen.keys() | found.keys():  # a store put in the place of another may lack a list
                if seen.get(user_id) != found.get(user_id):
                    self.announce(user_id)
            seen = found
