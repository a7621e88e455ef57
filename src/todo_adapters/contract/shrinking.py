"""A limit on the time in which Hypothesis makes a failing sequence of calls shorter."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

SECONDS: Final = 5.0


class TimeIsUp(BaseException):
    """Raised to end the search of Hypothesis, which catches every Exception."""


class Shrinking:
    """Bounds the time in which Hypothesis looks for a shorter sequence of calls that fails.

    Hypothesis allows itself five minutes and has no setting for it. When the time is up,
    the shortest sequence so far is reported.
    """

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._deadline: float | None = None
        self._is_stopped = False
        self._calls: Sequence[str] = ()
        self._error: Exception | None = None

    @contextmanager
    def watch(self, calls: Sequence[str]) -> Iterator[None]:
        """Note the calls if what runs inside fails."""
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
            # Hypothesis may raise an error of its own: this sequence ended earlier than before.
            if not self._is_stopped:
                raise
            calls = "\n".join(self._calls)
            raise AssertionError(f"the last of these calls has a wrong result:\n{calls}") from self._error
