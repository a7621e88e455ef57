"""The bounds of all connections of one process: how long each may wait, how many there may be, what they may hold."""

import asyncio
import logging
import math
import socket
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol

from todo_api.server.repeated_refusals import RepeatedRefusals

LOG_SECONDS: Final = 10.0
GRACE_SECONDS: Final = 1.0
"""A connection that has waited for less time is not closed to make room, unless it is idle."""
_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one process."""

    connections: int
    keep_alive_seconds: float = 75.0
    progress_seconds: float = 10.0
    """For a TLS handshake and a head in all; for a body and an unread response without progress."""
    close_seconds: float = 5.0
    """How long a connection is read after its last response, so that its client can read the response."""
    held_bytes: int = 32 * 1024 * 1024
    """How much may wait in memory for clients that do not read."""
    sweep_seconds: float = 1.0


class Wait(Enum):
    """What a connection waits for."""

    REQUEST = "request"
    HEAD = "head"
    BODY = "body"
    CLOSE = "close"


class Connection(Protocol):
    """What the registry asks of a connection."""

    def expire(self, wait: Wait) -> None:
        """End a wait that took too long, or prolong it."""
        ...

    def abort(self) -> None:
        """Close at once, and drop unsent data."""
        ...

    def unsent_bytes(self) -> int:
        """Return how much waits in memory for the client."""
        ...

    def is_new(self) -> bool:
        """Return whether the head of its first request is not complete."""
        ...


class Tally:
    """Counts why connections were ended, and logs the counts at most every 10 s."""

    def __init__(self) -> None:
        self.totals: Counter[str] = Counter()
        self._logged: Counter[str] = Counter()
        self._next = 0.0

    def count(self, reason: str) -> None:
        """Count one connection."""
        self.totals[reason] += 1

    def log(self, now: float = math.inf) -> None:
        """Log the counts since the last line, if there are some and that line is old enough."""
        counts = self.totals - self._logged
        if counts and now >= self._next:
            _log.warning("connections ended", extra={"fields": {"counts": dict(counts)}})
            self._logged += counts
            self._next = now + LOG_SECONDS


@dataclass(slots=True)
class _Unsent:
    """A response that waits for its client: what it holds in memory, and since when how much is unsent."""

    held_bytes: int
    bytes: int
    since: float


class Connections:
    """The open connections of one process, by what they wait for.

    One timer for all of them looks every second for waits that took too long, so that a
    request sets and cancels no timer of its own.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.tally = Tally()
        self.opening: dict[Connection, tuple[asyncio.Task[None], float]] = {}
        """The task that opens each connection, and since when; it may take long because of a TLS handshake."""
        self.unopened: deque[socket.socket] = deque()
        """Connections that had sent no request when they were accepted, and have no protocol; the oldest is first."""
        self.idle: dict[Connection, float] = {}
        """Since when each connection waits for a request; the longest wait is first."""
        self._waiting: dict[Connection, tuple[Wait, float]] = {}
        self._unsent: dict[Connection, _Unsent] = {}
        self._loop = asyncio.get_running_loop()
        self.refusals = RepeatedRefusals(self.tally.count, self._loop.time)
        self._timer = self._loop.call_later(limits.sweep_seconds, self._sweep)

    def close(self) -> None:
        """Stop watching connections."""
        self._timer.cancel()
        self.tally.log()

    def expect(self, connection: Connection, wait: Wait) -> None:
        """Bound a wait other than that for a request, from now on; it replaces the earlier wait."""
        seconds = self.limits.close_seconds if wait is Wait.CLOSE else self.limits.progress_seconds
        self._waiting[connection] = wait, self._loop.time() + seconds

    def stop_waiting(self, connection: Connection) -> None:
        """End the wait that `expect` began."""
        self._waiting.pop(connection, None)

    def begin_unsent(self, connection: Connection, held_bytes: int) -> None:
        """Watch a response that its client does not read as fast as it is sent, and keep the bound of the memory."""
        self._unsent[connection] = _Unsent(held_bytes, connection.unsent_bytes(), self._loop.time())
        excess = sum(unsent.held_bytes for unsent in self._unsent.values()) - self.limits.held_bytes
        if excess > 0:
            self._drop_unsent(excess)

    def end_unsent(self, connection: Connection) -> None:
        """Note that the client has read nearly everything."""
        self._unsent.pop(connection, None)

    def watch_unsent(self, connection: Connection) -> None:
        """Watch what is left of a response, so that the deadline of its progress counts."""
        unsent = connection.unsent_bytes()
        self._unsent.setdefault(connection, _Unsent(unsent, unsent, self._loop.time()))

    def forget(self, connection: Connection) -> None:
        """Forget a connection that is closed."""
        self.idle.pop(connection, None)
        self._waiting.pop(connection, None)
        self._unsent.pop(connection, None)

    def make_room(self) -> bool:
        """Close a connection that never completed a head, if possible one without a protocol.

        So an attacker displaces no client.

        Else close the one that is idle for the longest time, else one whose head or handshake takes long.
        """
        if self.unopened:
            self.unopened.popleft().close()
            self.tally.count("maximum")
            return True
        now = self._loop.time()
        slow_until = now + self.limits.progress_seconds - GRACE_SECONDS
        found = (
            next((each for each, _ in self._heads() if each.is_new()), None)
            or next((each for each in self.idle if each.is_new()), None)
            or next(iter(self.idle), None)
            or next((each for each, end in self._heads() if end < slow_until), None)
        )
        if found:
            self._abort(found, "maximum")
            return True
        task, since = next(iter(self.opening.values()), (None, now))
        if task is None or now - since < GRACE_SECONDS:
            return False
        self.tally.count("maximum")
        return task.cancel()

    def _heads(self) -> Iterator[tuple[Connection, float]]:
        """Yield the connections whose head is not complete, the oldest first, and when its time is over."""
        return ((each, end) for each, (wait, end) in self._waiting.items() if wait is Wait.HEAD)

    def _sweep(self) -> None:
        now = self._loop.time()
        self._timer = self._loop.call_later(self.limits.sweep_seconds, self._sweep)
        while self.idle:
            connection, since = next(iter(self.idle.items()))
            if now - since < self.limits.keep_alive_seconds:
                break
            del self.idle[connection]
            connection.expire(Wait.REQUEST)
        for connection, (wait, end) in list(self._waiting.items()):
            if end <= now:
                connection.expire(wait)
        for connection, unsent in list(self._unsent.items()):
            if (left := connection.unsent_bytes()) < unsent.bytes:
                unsent.bytes, unsent.since = left, now
            elif now - unsent.since >= self.limits.progress_seconds:
                self._abort(connection, "unread")
        self.tally.log(now)

    def _drop_unsent(self, excess: int) -> None:
        """Abort the responses that have held the most bytes for the longest time without progress."""
        now = self._loop.time()
        worst = sorted(self._unsent.items(), key=lambda item: item[1].held_bytes * (now - item[1].since))
        while excess > 0:
            connection, unsent = worst.pop()
            self._abort(connection, "memory")
            excess -= unsent.held_bytes

    def _abort(self, connection: Connection, reason: str) -> None:
        self.forget(connection)
        self.tally.count(reason)
        connection.abort()
