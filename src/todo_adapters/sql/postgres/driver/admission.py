"""The bound on the queue for connections: under overload, new callers are refused at once."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from todo_domain import StorageOverloaded

_MAX_SHARE: Final = 0.05
_ROUNDS: Final = 4


class Caller(Protocol):
    """Who makes calls and waits for their results, such as a request."""

    is_served: bool
    """Whether one of its calls had a connection. The pool sets it."""

    def is_gone(self) -> bool:
        """Return whether nobody waits for the results any more."""


class Admission:
    """Decides which calls may wait for one of `size` places.

    A call that would wait for more than a twentieth of `timeout_seconds` is refused, so that the
    accepted calls stay fast under overload, and a refused caller knows it at once. The
    expected wait follows from the number of waiting calls and the rate at which they got
    places lately. A call whose caller is gone is refused at its turn. The first call of a
    caller decides: later ones, and calls without a caller, only wait.
    """

    def __init__(self, size: int, timeout_seconds: float, caller: Callable[[], Caller | None]) -> None:
        self._size = size
        self._max_wait = timeout_seconds * _MAX_SHARE
        self._caller = caller
        self._waiting = 0
        # When the queue began, and when it last gave places to calls.
        self._given: deque[float] = deque(maxlen=1 + _ROUNDS * size)

    async def wait(self, take: Callable[[], Awaitable[object]], give_back: Callable[[], None]) -> None:
        """Wait until `take` returns with a place. Raises StorageOverloaded, without a place."""
        caller = self._caller()
        is_new = caller is not None and not caller.is_served
        if is_new and self._expected_wait() > self._max_wait:
            raise StorageOverloaded("the queue for a database connection is too long")
        await self._wait(take)
        if caller is not None and is_new and caller.is_gone():
            give_back()
            raise StorageOverloaded("the caller is gone")

    def begin(self) -> None:
        """Note that the current caller has a place."""
        caller = self._caller()
        if caller is not None:
            caller.is_served = True

    async def _wait(self, take: Callable[[], Awaitable[object]]) -> None:
        now = asyncio.get_running_loop().time
        if not self._waiting:
            self._given.clear()
            self._given.append(now())
        self._waiting += 1
        try:
            await take()
        finally:
            self._waiting -= 1
        self._given.append(now())

    def _expected_wait(self) -> float:
        """Return how long a new call would wait, in seconds. Calls in progress count as half done."""
        if not self._waiting:
            return 0.0
        seconds = asyncio.get_running_loop().time() - self._given[0]
        return self._waiting * seconds / (len(self._given) - 1 + self._size / 2)
