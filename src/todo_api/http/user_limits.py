"""The bounds on what one user can use at a time: requests in progress, streams, and work per second."""

import asyncio
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from math import ceil
from typing import Final, NamedTuple

from fastapi import Request

from todo_api.http.deadlines import PendingRequest
from todo_api.http.problems import RATE_LIMITED, ProblemError
from todo_domain import Change, Task

USAGE: Final = "usage"
"""The name of a user's usage in the scope."""
REPEAT_REFUSAL: Final = "repeat_refusal"
"""The name in the scope's `state` of a function by which the server repeats a refusal at almost no cost."""
MAX_WAITING: Final = 100
"""How many requests of a user may wait for one of that user's requests in progress."""
BURST_SECONDS: Final = 5
"""A user who did nothing for this time may use the work of this time at once."""
TASKS_PER_UNIT: Final = 20
ICALENDAR_COST: Final = 4
"""How many times as much a task costs in iCalendar as in JSON."""
ITEMS_PER_TASK: Final = 4
"""How many items of checklists cost as much as a task."""
OPERATIONS_PER_UNIT: Final = 10
BYTES_PER_UNIT: Final = 8192
CHECK_COST: Final = 2
"""A second of a check costs the work of so many seconds, so a user's checks run at most a third of the time."""
_MAX_AHEAD: Final = BURST_SECONDS + 1e-4  # the sum of many units is not exact
_MAX_REMEMBERED: Final = 1000


class Bounds(NamedTuple):
    """The bounds for each user; 0 means no bound."""

    in_progress: int
    streams: int
    work_per_second: int


class UserLimits:
    """The usage of each user in this process. Users whose usage is that of a new user are forgotten."""

    def __init__(self, bounds: Bounds, clock: Callable[[], float] = time.monotonic) -> None:
        self._bounds = Bounds(bounds.in_progress or sys.maxsize, bounds.streams or sys.maxsize, bounds.work_per_second)
        self._clock = clock
        self._usages: dict[str, Usage] = {}
        self._max_remembered = _MAX_REMEMBERED

    def usage_of(self, user_id: str) -> "Usage":
        """Return the usage of a user."""
        usage = self._usages.get(user_id)
        if usage is None:
            if len(self._usages) >= self._max_remembered:
                self._forget_idle()
            usage = self._usages[user_id] = Usage(self._bounds, self._clock)
        return usage

    def __len__(self) -> int:
        return len(self._usages)

    def _forget_idle(self) -> None:
        self._usages = {user_id: usage for user_id, usage in self._usages.items() if not usage.is_idle()}
        # So the time for a search is shared by as many new users.
        self._max_remembered = max(_MAX_REMEMBERED, 2 * len(self._usages))


class Usage:
    """What one user uses now.

    The bucket of work is one number: the time at which all work is paid (the generic cell
    rate algorithm of ITU-T I.371). Each unit of work adds to it. When a request begins, it
    may be at most BURST_SECONDS from now. The cost of a response is known only when it is
    sent, and can exceed that: then the user must wait longer before the next request.
    """

    __slots__ = (
        "_bounds",
        "_clock",
        "_in_progress",
        "_is_importing",
        "_pacing",
        "_paid_at",
        "_streams",
        "_unit",
        "_waiting",
    )

    def __init__(self, bounds: Bounds, clock: Callable[[], float]) -> None:
        self._bounds = bounds
        self._clock = clock
        self._unit = 1 / bounds.work_per_second if bounds.work_per_second else 0.0
        self._paid_at = 0.0
        self._in_progress = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._streams = 0
        self._is_importing = False
        self._pacing = asyncio.Lock()

    def is_idle(self) -> bool:
        """Return whether a new usage would allow the same."""
        return not (self._in_progress or self._streams) and self._paid_at <= self._clock()

    def charge_request(self) -> None:
        """Charge a unit for a request. Raises RATE_LIMITED if the burst is used up."""
        now = self._clock()
        paid_at = max(self._paid_at, now) + self._unit
        if paid_at - now > _MAX_AHEAD:
            raise self._too_much_work(paid_at - now - BURST_SECONDS)
        self._paid_at = paid_at

    def charge_bytes(self, count: int) -> None:
        """Charge what it costs to parse a body of this size; the request pays for a small one."""
        if count > BYTES_PER_UNIT:
            self._charge(count / BYTES_PER_UNIT)

    def charge_operations(self, count: float) -> None:
        """Charge what a batch costs besides its request."""
        self._charge(count / OPERATIONS_PER_UNIT)

    def charge_check(self, seconds: float) -> None:
        """Charge the check of a file, which took this processor time."""
        self._charge(CHECK_COST * seconds * self._bounds.work_per_second)

    def charge_tasks(self, returned: Sequence[Change], cost: int = 1) -> None:
        """Charge what it costs to return these tasks, projects and deletions, with the checklists."""
        items = sum(len(each.checklist) for each in returned if isinstance(each, Task))
        self._charge((len(returned) + items / ITEMS_PER_TASK) * cost / TASKS_PER_UNIT)

    @asynccontextmanager
    async def pace(self) -> AsyncIterator[None]:
        """Wait until half of the burst is free, which is left to other requests, and run the block.

        Of all responses of the user, one at most is in the block, and gets on in a turn of the event loop.
        """
        async with self._pacing:
            excess = self._paid_at - self._clock() - BURST_SECONDS / 2
            await asyncio.sleep(max(excess, 0))
            yield

    def try_begin_request(self) -> bool:
        """Begin a request, unless as many of the user are in progress as may be."""
        if self._in_progress >= self._bounds.in_progress:
            return False
        self._in_progress += 1
        return True

    async def wait_to_begin(self, request: PendingRequest) -> None:
        """Begin a request when an earlier one ends. Requests wait in order of arrival, until their deadline.

        Raises RATE_LIMITED.
        """
        bound = self._bounds.in_progress
        refusal = too_many_at_once("in-progress", bound, f"at most {bound} requests of a user are served at a time")
        if len(self._waiting) >= MAX_WAITING:
            raise refusal
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(request.seconds_left()):
                await turn
        except (TimeoutError, asyncio.CancelledError) as error:
            if not turn.cancelled():
                self.end_request()
            elif turn in self._waiting:  # a request that ended since may have removed it
                self._waiting.remove(turn)
            if isinstance(error, TimeoutError):
                raise refusal from None
            raise
        if request.is_gone():
            self.end_request()
            raise refusal

    def end_request(self) -> None:
        """End a request: the one that has waited longest begins."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._in_progress -= 1

    def begin_stream(self) -> None:
        """Begin a stream. Raises RATE_LIMITED."""
        bound = self._bounds.streams
        if self._streams >= bound:
            raise too_many_at_once("streams", bound, f"at most {bound} streams of a user are open at a time")
        self._streams += 1

    def end_stream(self) -> None:
        """End a stream."""
        self._streams -= 1

    @contextmanager
    def importing(self) -> Iterator[None]:
        """Count an import while the block runs. Raises RATE_LIMITED if there is another one."""
        if self._is_importing:
            raise too_many_at_once("imports", 1, "a user may have one import at a time")
        self._is_importing = True
        try:
            yield
        finally:
            self._is_importing = False

    def _charge(self, units: float) -> None:
        self._paid_at = max(self._paid_at, self._clock()) + units * self._unit

    def _too_much_work(self, excess: float) -> ProblemError:
        rate = self._bounds.work_per_second
        return rate_limited(
            f"a user may use {rate} units of work a second, and {rate * BURST_SECONDS} at once",
            policy=f'"work";q={rate * BURST_SECONDS};w={BURST_SECONDS}',
            seconds=ceil(excess),
        )


def usage_of(request: Request) -> Usage:
    """Return the usage of the owner, which an OwnerRoute puts into the scope."""
    usage: Usage = request.scope[USAGE]
    return usage


def too_many_at_once(name: str, bound: int, detail: str) -> ProblemError:
    """Return the refusal of a request that would be one more than may be at a time."""
    return rate_limited(detail, policy=f'"{name}";q={bound};qu="concurrent-requests"', seconds=1)


def rate_limited(detail: str, policy: str, seconds: int) -> ProblemError:
    """Return the refusal of a request, with the header fields of draft-ietf-httpapi-ratelimit-headers-11.

    They are only in refusals, which the draft allows (section 6.2): other responses don't pay for them.
    """
    name = policy.partition(";")[0]
    headers = {"Retry-After": f"{seconds}", "RateLimit-Policy": policy, "RateLimit": f"{name};r=0;t={seconds}"}
    return ProblemError(RATE_LIMITED, detail, headers)
