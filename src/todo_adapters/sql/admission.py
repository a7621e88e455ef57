"""The bound on the queue for a database: under overload, new callers are refused at once."""

import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Protocol

from todo_domain import StorageOverloaded

Figures = Mapping[tuple[str, str], float]
"""Figures of an adapter, by name and part: the name of a queue, for example, or an empty string."""

_MAX_SHARE: Final = 0.05
_PROMPT_SHARE: Final = 0.01
_ROUNDS: Final = 4


class Caller(Protocol):
    """Who makes calls and waits for their results, such as a request."""

    is_served: bool
    """Whether one of its calls had its turn. The adapter sets it."""
    is_refused: bool
    """Whether its call was refused, because the queue was too long. The adapter sets it."""

    def is_gone(self) -> bool:
        """Return whether nobody waits for the results any more. Any thread may call it."""


def no_caller() -> Caller | None:
    """Return None: the call has no caller that could go."""
    return None


class Admission:
    """Decides which calls may wait for one of `size` places. `size` may change.

    A call that would wait for more than a twentieth of `timeout_seconds` is refused, so that the
    accepted calls stay fast under overload, and a refused caller knows it at once. The
    expected wait follows from the number of waiting calls and the rate at which they got
    places lately. A call that has waited for a hundredth of `timeout_seconds` and whose caller
    is gone is refused at its turn. The first call of a caller decides: later ones, and calls
    without a caller, only wait.

    One thread calls `join`, and one thread, which may be another, ends the waits.
    """

    def __init__(
        self,
        size: int,
        timeout_seconds: float,
        caller: Callable[[], Caller | None],
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.size = size
        self._max_wait = timeout_seconds * _MAX_SHARE
        self.prompt_seconds = timeout_seconds * _PROMPT_SHARE
        self._caller = caller
        self.now = now
        # Each is written by one thread.
        self._joined = self._left = 0
        self._waited_seconds = 0.0
        # When the queue began, and when it last gave places to calls.
        self._given: deque[float] = deque(maxlen=1 + _ROUNDS * size)

    def begin(self) -> None:
        """Note that the current call needs no wait."""
        caller = self._caller()
        if caller is not None:
            caller.is_served = True

    def join(self) -> "WaitingCall":
        """Let the current call wait. Raises StorageOverloaded."""
        caller = self._caller()
        if caller is not None and caller.is_served:
            caller = None
        now = self.now()
        waiting = self._joined - self._left
        if not waiting:
            self._given.clear()
            self._given.append(now)
        elif caller is not None and self._expected_wait(waiting, now) > self._max_wait:
            caller.is_refused = True
            raise StorageOverloaded("the queue for the database is too long")
        self._joined += 1
        return WaitingCall(self, caller, now)

    async def wait(self, take: Callable[[], Awaitable[object]], give_back: Callable[[], None]) -> None:
        """Wait until `take` returns with a place. Raises StorageOverloaded, without a place."""
        call = self.join()
        try:
            await take()
        except BaseException:
            call.withdraw()
            raise
        try:
            call.begin()
        except StorageOverloaded:
            give_back()
            raise

    def leave(self, since: float, at: float, *, has_place: bool) -> None:
        """Note that a call, which waited since a time, does not wait any more."""
        self._left += 1
        self._waited_seconds += at - since
        if has_place:
            self._given.append(at)

    def figures(self, queue: str) -> Figures:
        """Return how many calls wait in the queue of this name, how many have waited, and for how long in all."""
        return {
            ("queue_waiting", queue): self._joined - self._left,
            ("queue_waits", queue): self._left,
            ("queue_wait_seconds", queue): self._waited_seconds,
        }

    def _expected_wait(self, waiting: int, now: float) -> float:
        """Return how long a new call would wait, in seconds. Calls in progress count as half done."""
        return waiting * (now - self._given[0]) / (len(self._given) - 1 + self.size / 2)


class WaitingCall:
    """A call in the queue. Exactly one of its methods is called, once."""

    __slots__ = ("_admission", "_caller", "_since")

    def __init__(self, admission: Admission, caller: Caller | None, since: float) -> None:
        self._admission = admission
        self._caller = caller
        self._since = since

    def begin(self) -> None:
        """Begin the call: it has a place. Raises StorageOverloaded if its caller is gone."""
        admission, caller = self._admission, self._caller
        now = admission.now()
        admission.leave(self._since, now, has_place=True)
        if caller is not None:
            # A client that only closed its sending side can't be told from one that has gone.
            if now - self._since > admission.prompt_seconds and caller.is_gone():
                raise StorageOverloaded("the caller is gone")
            caller.is_served = True

    def withdraw(self) -> None:
        """End the wait without a place."""
        self._admission.leave(self._since, self._admission.now(), has_place=False)
