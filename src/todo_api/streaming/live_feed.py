"""Wake readers of the change feed: at once after a write in this process, otherwise at the next tick."""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import Context
from math import inf
from typing import Final, Self

from todo_domain import TaskRepository, UserId

TICK_SECONDS: Final = 0.5
_log: Final = logging.getLogger(__name__)


class LiveFeed:
    """Wakes waiting readers when a list may have changed; they then read the changes from the feed.

    Each tick makes one query for all readers of a process, and no query without
    readers. Wakes are not counted: several wakes of a busy reader become one.
    """

    def __init__(self, repository: TaskRepository, tick_seconds: float = TICK_SECONDS) -> None:
        self._repository = repository
        self._tick_seconds = tick_seconds
        self._waiting: dict[UserId, set[asyncio.Event]] = defaultdict(set)
        self._ticking: asyncio.Task[None] | None = None
        self._looked_at = inf
        self.closed = False

    @contextmanager
    def subscribe(self, user_id: UserId) -> Iterator[asyncio.Event]:
        """Yield an event that is set when the user's list may have changed; the reader clears it."""
        wake = asyncio.Event()
        self._waiting[user_id].add(wake)
        if self._ticking is None:
            self._ticking = asyncio.create_task(self._tick(), context=Context())  # that of no request
        try:
            yield wake
        finally:
            self._waiting[user_id].discard(wake)
            if not self._waiting[user_id]:
                del self._waiting[user_id]

    def readers(self) -> int:
        """Return how many readers there are."""
        return sum(map(len, self._waiting.values()))

    def lag_seconds(self) -> float:
        """Return how long ago the last successful tick was; 0 before the first one."""
        return max(0.0, time.monotonic() - self._looked_at)

    def notify(self, user_id: UserId) -> None:
        """Wake the readers of this user's changes."""
        for wake in self._waiting.get(user_id, ()):
            wake.set()

    def close(self) -> None:
        """Wake all readers for the last time; they stop when they see `closed`."""
        self.closed = True
        for user_id in self._waiting:
            self.notify(user_id)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close, and stop the ticks."""
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
            except Exception:  # noqa: BLE001 - readers depend on the next tick after any error
                _log.warning("the live feed can't read revisions", exc_info=True)
                continue
            self._looked_at = time.monotonic()
            for user_id in seen.keys() | found.keys():  # a list can be missing from a restored store
                if seen.get(user_id) != found.get(user_id):
                    self.notify(user_id)
            seen = found
