"""How a write is recognised when a caller sends it again."""

import hashlib
import json
import re
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Self

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
        if not isinstance(self.key, str) or not _KEY.match(self.key):
            message = "must be 1 to 255 visible ASCII characters"
            raise RuleViolated([Violation(("idempotency_key",), "idempotency_key", message)])

    @classmethod
    def of_request(cls, key: str, request: object) -> Self:
        """Name a request that is made of dataclasses, tuples, sets and plain values.

        The fingerprint is the same in every process: nothing of it hangs on the order of a set.
        """
        return cls(key, hashlib.sha256(json.dumps(request, default=_marked).encode()).hexdigest())

    def recognise(self, fingerprint: str) -> None:
        """Raise IdempotencyConflict if the key was kept for a request with another fingerprint."""
        if fingerprint != self.fingerprint:
            raise IdempotencyConflict


def _marked(value: Any) -> dict[str, object]:
    """Return what JSON has no form for under the name of its type, so that nothing else looks the same."""
    content: object
    if is_dataclass(value):
        content = {each.name: getattr(value, each.name) for each in fields(value)}
    elif isinstance(value, frozenset):
        content = sorted(value)
    else:
        content = str(value)
    return {type(value).__name__: content}
