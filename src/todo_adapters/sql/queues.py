"""Queues for places, in order of arrival."""

import asyncio
from collections import deque
from collections.abc import Callable


class _Turns:
    """Callers who wait for their turn."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()  # may contain some that were cancelled

    async def wait(self, give_back: Callable[[], None]) -> None:
        """Wait for the turn. A caller who is cancelled then gives it back."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                give_back()
            raise

    def call_next(self) -> bool:
        """Give the turn to the caller that waits longest, and return whether there was one."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return True
        return False


class PlaceQueue:
    """A number of places that callers take in order of arrival: a semaphore at which a caller can be the first.

    `free` is the number of places that nobody has.
    """

    def __init__(self, count: int) -> None:
        self.free = count
        self._first, self._others = _Turns(), _Turns()

    def try_take(self) -> bool:
        """Take a place if one is free, and return whether it was."""
        if self.free:
            self.free -= 1
            return True
        return False

    async def wait(self, *, first: bool = False) -> None:
        """Wait for a place and take it; with `first` before all who wait without it."""
        await (self._first if first else self._others).wait(self.give_back)

    def give_back(self) -> None:
        """Give a place to the caller that waits longest, or free it."""
        if not (self._first.call_next() or self._others.call_next()):
            self.free += 1


class Shares:
    """The share of each owner: a number of places for each, which its callers take in order of arrival."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._taken: dict[str, int] = {}
        self._waiting: dict[str, _Turns] = {}

    def __len__(self) -> int:
        return len(self._taken) + len(self._waiting)

    def try_take(self, owner: str) -> bool:
        """Take a place of this owner if one is free, and return whether it was."""
        taken = self._taken.get(owner, 0)
        if taken < self._size:
            self._taken[owner] = taken + 1
            return True
        return False

    async def wait(self, owner: str) -> None:
        """Wait for a place of this owner and take it."""
        await self._waiting.setdefault(owner, _Turns()).wait(lambda: self.give_back(owner))

    def give_back(self, owner: str | None) -> None:
        """Give back a place of this owner; nothing if the caller has no owner."""
        if owner is None:
            return
        if owner in self._waiting:
            if self._waiting[owner].call_next():
                return
            del self._waiting[owner]
        self._taken[owner] -= 1
        if not self._taken[owner]:
            del self._taken[owner]
