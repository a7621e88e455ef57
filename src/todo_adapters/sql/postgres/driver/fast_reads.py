"""Which statements were fast for which owner, as measured."""

import math
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Final, TypeVar

T = TypeVar("T")

FAST_SECONDS: Final = 0.01
"""How much longer than the fastest read of anybody a fast one takes at most: the time of the network does not count."""
DISTRUST_SECONDS: Final = 10.0
"""How long after a slow read no read of its owner counts as fast: a hundred times as long as a slow one takes."""
MAX_REMEMBERED: Final = 1000


class FastReads:
    """The reads that took little time. They need not be complete: others only wait for each other in the pool."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._fastest = math.inf
        self._fast = set[tuple[str | None, Hashable]]()
        self._distrusted_until = dict[str | None, float]()

    def __len__(self) -> int:
        return len(self._fast) + len(self._distrusted_until)

    def includes(self, owner: str | None, statement: Hashable) -> bool:
        """Return whether this statement was fast for this owner, who had no slow read lately."""
        return (owner, statement) in self._fast and self._distrusted_until.get(owner, 0.0) <= self._now()

    async def measured(self, owner: str | None, statement: Hashable, reading: Awaitable[T]) -> T:
        """Return the result of a read, and remember whether it was fast. One that fails was not."""
        begun = self._now()
        is_fast = False
        try:
            result = await reading
            seconds = self._now() - begun
            self._fastest = min(self._fastest, seconds)
            is_fast = seconds <= self._fastest + FAST_SECONDS
        finally:
            if is_fast:
                _make_room(self._fast)
                self._fast.add((owner, statement))
            else:
                self._fast.discard((owner, statement))
                _make_room(self._distrusted_until)
                self._distrusted_until[owner] = self._now() + DISTRUST_SECONDS
        return result


def _make_room(remembered: set[Any] | dict[Any, float]) -> None:
    if len(remembered) >= MAX_REMEMBERED:
        remembered.clear()
