"""Callers of a store, and a clock for its Admission that the test sets."""

from todo_adapters.sql.admission import Admission


class Caller:
    """A caller with one call after the other."""

    def __init__(self, *, is_served: bool = False, is_gone: bool = False) -> None:
        self.is_served = is_served
        self.is_refused = False
        self._is_gone = is_gone

    def is_gone(self) -> bool:
        return self._is_gone


class Callers:
    """Who calls, and when: a deadline of 2 s allows a wait of 0.1 s."""

    def __init__(self) -> None:
        self.now = 0.0
        self.current: Caller | None = None

    def admission(self, size: int) -> Admission:
        return Admission(size, 2.0, lambda: self.current, now=lambda: self.now)
