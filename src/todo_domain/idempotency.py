"""How a write is recognised when a caller sends it again."""

import hashlib
import re
from dataclasses import dataclass

from todo_domain.errors import IdempotencyConflict, RuleViolated, Violation

_KEY = re.compile(r"[\x21-\x7e]{1,255}\Z")


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A caller's name for one request, 1–255 visible ASCII characters, and what that request was.

    `fingerprint` is equal for two requests if and only if they ask for the same.
    Raises RuleViolated. See draft-ietf-httpapi-idempotency-key-header.
    """

    key: str
    fingerprint: str

    def __post_init__(self) -> None:
        """Check the rule of keys."""
        if not _KEY.match(self.key):
            message = "must be 1 to 255 visible ASCII characters"
            raise RuleViolated([Violation(("Idempotency-Key",), "idempotency_key", message)])

    @classmethod
    def of_request(cls, key: str, request: object) -> "IdempotencyKey":
        """Name a request that is made of dataclasses, tuples and plain values."""
        return cls(key, hashlib.sha256(repr(request).encode()).hexdigest())

    def recognise(self, fingerprint: str) -> None:
        """Raise IdempotencyConflict if the key was kept for a request with another fingerprint."""
        if fingerprint != self.fingerprint:
            raise IdempotencyConflict
