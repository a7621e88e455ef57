"""A deadline for the work of one task."""

import asyncio
from types import TracebackType
from typing import Self


class Deadline:
    """Cancels the current task after some seconds, and turns that into TimeoutError, as asyncio.timeout does.

    It costs a quarter of asyncio.timeout (decision 0003). It does not depend on what the task
    waits for: a cancelled task runs again at once. `reason` is for the caller: what was missing
    when the time was over.
    """

    __slots__ = ("_cancelling", "_is_over", "_seconds", "_task", "_timer", "reason")
    _task: asyncio.Task[object]
    _timer: asyncio.TimerHandle

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._is_over = False
        self.reason = ""

    def __enter__(self) -> Self:
        """Start the timer. Raises RuntimeError outside of a task."""
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        if task is None:
            raise RuntimeError("a deadline needs a task to cancel")
        self._task = task
        self._cancelling = task.cancelling()
        self._timer = loop.call_later(self._seconds, self._cancel)
        return self

    def _cancel(self) -> None:
        self._is_over = True
        self._task.cancel()

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the timer; raise TimeoutError if it has cancelled the task, and nothing else has."""
        self._timer.cancel()
        task = self._task
        # A cancelled task refers to its exception, and that to this. A cycle would keep what the task had opened.
        del self._task
        if self._is_over and task.uncancel() <= self._cancelling and error_type is asyncio.CancelledError:
            raise TimeoutError from error
