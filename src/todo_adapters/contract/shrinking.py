"""Limit the time in which Hypothesis shortens a failing sequence of calls."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

SECONDS: Final = 5.0


class TimeIsUp(BaseException):
    """Raised to end the search. It is not an Exception, because Hypothesis would catch that."""


class Shrinking:
    """Limits the time in which Hypothesis searches for a shorter sequence of calls that fails.

    The limit of Hypothesis is five minutes, and there is no setting for it. When the time
    is up, the shortest sequence so far is reported.
    """

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._deadline: float | None = None
        self._is_stopped = False
        self._calls: Sequence[str] = ()
        self._error: Exception | None = None

    @contextmanager
    def watch(self, calls: Sequence[str]) -> Iterator[None]:
        """Record the calls if the body of the `with` statement fails."""
        try:
            yield
        except Exception as error:
            self._deadline = self._deadline or time.monotonic() + self._seconds
            if self._error is None or len(calls) < len(self._calls):
                self._calls, self._error = tuple(calls), error
            raise

    def stop_when_time_is_up(self) -> None:
        """Raise TimeIsUp if no further sequence may be tried."""
        if self._deadline and time.monotonic() >= self._deadline:
            self._is_stopped = True
            raise TimeIsUp

    @contextmanager
    def report(self) -> Iterator[None]:
        """Raise AssertionError with the shortest sequence when the time is up."""
        try:
            yield
        except BaseException:
            # Hypothesis may raise another error, because this sequence ended earlier than before.
            if not self._is_stopped:
                raise
            calls = "\n".join(self._calls)
            raise AssertionError(f"the last of these calls has a wrong result:\n{calls}") from self._error
