"""Which users were erased, and when: what a process knows, so that it refuses their earlier tokens."""

import asyncio
import time
from contextvars import Context
from datetime import datetime, timedelta
from typing import Final, Self

from todo_domain import Clock, StoreMaintenance, Unavailable, UserId

REFRESH_SECONDS: Final = 2.0
"""How often the store is asked who was erased by others, while there are requests."""
MAX_AGE_SECONDS: Final = 6.0
"""The age of the knowledge at which a request waits for a refresh: only the first one after a pause."""

_OVERLAP: Final = timedelta(minutes=10)
"""More than the clocks of two processes differ, and more than a transaction takes."""
_RELOAD_SECONDS: Final = 3600.0


class ErasedUsers:
    """Knows of an erasure by this process at once, and of others within some seconds.

    Until then, an earlier token reads an empty list here, and a store accepts no write with it. An
    entry takes some 200 bytes, and is dropped an hour after `age`.
    """

    def __init__(self, store: StoreMaintenance, clock: Clock, age: timedelta) -> None:
        self._store = store
        self._clock = clock
        self._age = age
        self._times: dict[UserId, datetime] = {}
        self._read_at = self._loaded_at = -MAX_AGE_SECONDS - _RELOAD_SECONDS
        self._refreshing: asyncio.Task[None] | None = None
        # The method of the dict itself: every request calls it.
        self.erased_at = self._times.get
        """Returns when a user was erased, or None."""

    async def __aenter__(self) -> Self:
        await self.refresh()
        return self

    async def __aexit__(self, *_: object) -> None:
        """End the refresh that runs."""
        if self._refreshing:
            self._refreshing.cancel()
            await asyncio.gather(self._refreshing, return_exceptions=True)

    def note(self, user_id: UserId, at: datetime) -> None:
        """Note an erasure."""
        self._times[user_id] = max(at, self._times.get(user_id, at))

    def is_stale(self) -> bool:
        """Return whether a request must wait for `refresh`. Begin one if it is time; call this for every request."""
        age = time.monotonic() - self._read_at
        if age <= REFRESH_SECONDS:
            return False
        self._begin_refresh()
        return age > MAX_AGE_SECONDS

    async def refresh(self) -> None:
        """Ask the store who was erased. If that fails, what was known stays."""
        await asyncio.shield(self._begin_refresh())

    def _begin_refresh(self) -> asyncio.Task[None]:
        if self._refreshing is None:
            # In an empty context: it belongs to no request, so it has no deadline and no client.
            self._refreshing = asyncio.create_task(self._refresh(), context=Context())
        return self._refreshing

    async def _refresh(self) -> None:
        began = time.monotonic()
        is_reload = began - self._loaded_at > _RELOAD_SECONDS
        now = self._clock.now()
        try:
            erased = await self._store.erased_since(now - (self._age if is_reload else _OVERLAP))
        except Unavailable:
            pass
        else:
            if is_reload:
                self._loaded_at = began
                for user_id in [user_id for user_id, at in self._times.items() if at < now - self._age]:
                    del self._times[user_id]
            for user_id, at in erased.items():
                self.note(user_id, at)
        finally:
            # Also after a failure: requests don't wait for the next attempt.
            self._read_at = began
            self._refreshing = None
