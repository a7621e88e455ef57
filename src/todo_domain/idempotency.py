"""How a write is recognised when a caller sends it again."""

import re
from dataclasses import dataclass
from typing import Final, Self

from todo_domain.batch import Batch, Create, Patch, Remove
from todo_domain.digest import digester
from todo_domain.draft import DuePatch, TaskDraft, TaskPatch
from todo_domain.due import Due
from todo_domain.errors import IdempotencyConflict, RuleViolated, Violation

_KEY = re.compile(r"[\x21-\x7e]{1,255}\Z")

# Fingerprints are stored: a class may be renamed, its name here may not.
_fingerprint: Final = digester(
    {
        Batch: "batch",
        Create: "create",
        Due: "due",
        DuePatch: "due_patch",
        Patch: "patch",
        Remove: "remove",
        TaskDraft: "draft",
        TaskPatch: "fields",
    }
)


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
        """Name a request: a TaskDraft or a Batch. Raises TypeError for anything else."""
        return cls(key, _fingerprint(request))

    def recognise(self, fingerprint: str) -> None:
        """Raise IdempotencyConflict if the key was kept for a request with another fingerprint."""
        if fingerprint != self.fingerprint:
            raise IdempotencyConflict
