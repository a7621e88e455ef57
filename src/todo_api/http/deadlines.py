"""One deadline for each request, shared by all its waits."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Final, TypeVar

from starlette.requests import ClientDisconnect
from starlette.types import Scope

from todo_domain import StorageOverloaded, StorageUnavailable

T = TypeVar("T")

HAS_DISCONNECTED: Final = "has_disconnected"
"""The name in the scope's `state` of a function that returns whether the client has closed its side."""

_WATCH_SECONDS: Final = 0.05
REFUSED_SECONDS: Final = 0.01
"""How long writes are refused without parsing their bodies after the store has refused one: that costs a fifth less."""
_ABANDONED_SECONDS: Final = 1
"""A client that only half-closed its connection still gets a response that takes less than this."""


def _do_nothing() -> None: ...


_current: ContextVar["PendingRequest | None"] = ContextVar("pending_request", default=None)


def current_request() -> "PendingRequest | None":
    """Return the request that the current task works for, or None."""
    return _current.get()


class Deadlines:
    """The deadlines of an app's requests.

    One timer looks at all of them every 50 ms. A timer for each request costs about 1 % of a request.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.running: set[PendingRequest] = set()
        self.loop: asyncio.AbstractEventLoop | None = None
        self.refused_until = 0.0

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Cancel the requests whose deadline has passed; that of a read without its client is soon."""
        self.loop = loop if self.running else None
        now = loop.time()
        for request in self.running:
            if request.is_read and not request.is_abandoned and request.is_gone():
                request.is_abandoned = True
                request.ends_at = min(request.ends_at, now + _ABANDONED_SECONDS)
            if request.ends_at <= now and not request.is_late:
                request.is_late = True
                request.task.cancel()
        if self.running:
            loop.call_later(_WATCH_SECONDS, self.watch, loop)


class PendingRequest:
    """A request until its response begins, as a context manager that ends at the deadline with StorageUnavailable.

    A read whose client has closed its sending side ends a second later, with ClientDisconnect.
    A write goes on: its client learns from a retry what happened. `is_served` is true after the
    store has begun to work for it. `release` is called after its response.
    """

    __slots__ = (
        "_deadlines",
        "_has_disconnected",
        "_loop",
        "ends_at",
        "is_abandoned",
        "is_late",
        "is_read",
        "is_refused",
        "is_served",
        "release",
        "task",
    )
    task: asyncio.Task[Any]

    def __init__(self, deadlines: Deadlines, scope: Scope) -> None:
        self._deadlines = deadlines
        # Not the scope: the context of a connection may keep its last request.
        state = scope.get("state")
        self._has_disconnected: Callable[[], bool] | None = state.get(HAS_DISCONNECTED) if state else None
        self._loop = loop = asyncio.get_running_loop()
        self.ends_at = loop.time() + deadlines.seconds
        self.is_read = scope["method"] == "GET"  # HEAD is served as GET
        self.is_abandoned = self.is_late = self.is_served = self.is_refused = False
        self.release: Callable[[], None] = _do_nothing
        _current.set(self)

    def seconds_left(self) -> float:
        """Return the seconds until the deadline."""
        return self.ends_at - self._loop.time()

    def refuse_again(self) -> None:
        """Raise StorageOverloaded if the store refused a write just now: then don't parse the body of another."""
        if self._loop.time() < self._deadlines.refused_until:
            raise StorageOverloaded("the queue for the database was too long just now")

    def is_gone(self) -> bool:
        """Return whether the client has disconnected, as far as the server reports it."""
        return self._has_disconnected is not None and self._has_disconnected()

    async def uncounted(self, reading: Awaitable[T]) -> T:
        """Return the result without counting the time: reading a body has a deadline of its own."""
        began = self._loop.time()
        result = await reading
        self.ends_at += self._loop.time() - began
        return result

    def __enter__(self) -> None:
        task = asyncio.current_task(self._loop)
        if task is None:
            raise RuntimeError("a deadline needs a task to cancel")
        self.task = task
        deadlines = self._deadlines
        deadlines.running.add(self)
        if deadlines.loop is not self._loop:
            deadlines.watch(self._loop)

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._deadlines.running.discard(self)
        if self.is_refused and not self.is_read:
            self._deadlines.refused_until = self._loop.time() + REFUSED_SECONDS
        if self.is_late and self.task.uncancel() == 0 and error_type is asyncio.CancelledError:
            if self.is_abandoned:
                raise ClientDisconnect from error
            raise StorageUnavailable("the request was not done before its deadline") from error
