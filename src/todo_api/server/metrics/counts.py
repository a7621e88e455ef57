"""What one process counts: its requests, tokens and errors. No key contains a user or a task."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any, Final

from todo_api.http.problems import AUTH_INVALID, AUTH_MISSING, DATABASE_ERROR, OVERLOADED, RATE_LIMITED
from todo_api.server.metrics.histogram import Histogram

MAX_TEXTS: Final = 100
"""How many different reasons are counted; adapters of others may have any number of them."""
OTHER: Final = "other"
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Counts:
    """Plain numbers, which cost less than those of prometheus-client. The exporter reads them once a second."""

    def __init__(self) -> None:
        self.requests: defaultdict[tuple[str | None, str, int], Histogram] = defaultdict(Histogram)
        """The durations by route template, method and status."""
        self.shed = self.limited = self.tokens_verified = 0
        self.tokens_refused: Counter[str] = Counter()
        self.database_errors: Counter[str] = Counter()
        self.purged_at: float | None = None

    def count_request(self, fields: Mapping[str, Any]) -> None:
        """Count a request by the fields of its log line."""
        method = fields["method"]
        key = fields["route"], method if method in _METHODS else OTHER, fields["status"]
        self.requests[key].observe(fields["duration_ms"] / 1000)
        if fields["user_id"] is not None:
            self.tokens_verified += 1
        if fields["error_code"] is not None:
            self._count_error(fields["error_code"], fields["reason"] or "none")

    def _count_error(self, code: str, reason: str) -> None:
        if code == OVERLOADED.error_code:
            self.shed += 1
        elif code == RATE_LIMITED.error_code:
            self.limited += 1
        elif code == AUTH_MISSING.error_code:
            _count(self.tokens_refused, "no bearer token")
        elif code == AUTH_INVALID.error_code:
            _count(self.tokens_refused, reason)
        elif code == DATABASE_ERROR.error_code:
            _count(self.database_errors, reason)


def _count(counter: Counter[str], text: str) -> None:
    counter[text if text in counter or len(counter) < MAX_TEXTS else OTHER] += 1
