"""Deadlines that cost little while they are kept."""

import asyncio
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Deadlines(Generic[T]):
    """Calls `expire` with what was begun and not ended in time, once.

    All have the same `seconds`, so they are due in the order in which they were begun,
    and one timer is enough: a timer for each would cost more than all the rest of a
    checkout.
    """

    def __init__(self, seconds: float, expire: Callable[[T], None]) -> None:
        self._seconds = seconds
        self._expire = expire
        self._due: dict[T, float] = {}
        self._is_timed = False

    def begin(self, thing: T) -> float:
        """Count the time of a thing from now, and return when it is due (`time.monotonic`)."""
        self._due[thing] = when = self.deadline()
        if not self._is_timed:
            self._is_timed = True
            asyncio.get_running_loop().call_later(self._seconds, self._check)
        return when

    def deadline(self) -> float:
        """Return when what begins now is due."""
        return time.monotonic() + self._seconds

    def end(self, thing: T) -> None:
        """Forget a thing, be it expired or not."""
        self._due.pop(thing, None)

    def _check(self) -> None:
        now, overdue = time.monotonic(), []
        for thing, when in self._due.items():
            if when > now:
                asyncio.get_running_loop().call_later(when - now, self._check)
                break
            overdue.append(thing)
        else:
            self._is_timed = False
        for thing in overdue:
            del self._due[thing]
        for thing in overdue:
            self._expire(thing)
