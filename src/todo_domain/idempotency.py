"""Idempotency keys: they identify a request that a caller sends again."""

import re
from dataclasses import dataclass
from typing import Final, Self

from todo_domain.batch import Batch
from todo_domain.checklist import ChecklistItem
from todo_domain.digest import digester
from todo_domain.draft import DuePatch, RecurrencePatch, TaskDraft, TaskPatch
from todo_domain.due import Due
from todo_domain.errors import IdempotencyConflict, RuleViolated, Violation
from todo_domain.move import Move
from todo_domain.operations import (
    Create,
    CreateProject,
    Erase,
    Patch,
    PatchProject,
    Remove,
    RemoveProject,
    Restore,
    RestoreProject,
)
from todo_domain.project import ProjectDraft, ProjectPatch
from todo_domain.recurrence import RecurrenceDraft
from todo_domain.references import Ref

_KEY = re.compile(r"[\x21-\x7e]{1,255}\Z")

# Fingerprints are stored: a class may be renamed, its name here may not.
_fingerprint: Final = digester(
    {
        Batch: "batch",
        ChecklistItem: "item",
        Create: "create",
        CreateProject: "create_project",
        Due: "due",
        DuePatch: "due_patch",
        Erase: "erase",
        Move: "move",
        Patch: "patch",
        PatchProject: "patch_project",
        ProjectDraft: "project",
        ProjectPatch: "project_fields",
        RecurrenceDraft: "recurrence",
        RecurrencePatch: "recurrence_patch",
        Remove: "remove",
        Ref: "ref",
        RemoveProject: "remove_project",
        Restore: "restore",
        RestoreProject: "restore_project",
        TaskDraft: "draft",
        TaskPatch: "fields",
    }
)


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A key of 1–255 visible ASCII characters that the caller chose for one request.

    Two requests have equal fingerprints if and only if they have equal content.
    Raises RuleViolated. See draft-ietf-httpapi-idempotency-key-header.
    """

    key: str
    fingerprint: str

    def __post_init__(self) -> None:
        """Check the key."""
        if not isinstance(self.key, str) or not _KEY.match(self.key):
            message = "must be 1 to 255 visible ASCII characters"
            raise RuleViolated([Violation(("idempotency_key",), "idempotency_key", message)])

    @classmethod
    def of_request(cls, key: str, request: object) -> Self:
        """Return the key of a request: a TaskDraft, a Create or a Batch. Raises TypeError for anything else."""
        return cls(key, _fingerprint(request))

    def require_fingerprint(self, fingerprint: str) -> None:
        """Raise IdempotencyConflict unless this is the fingerprint of the key's request."""
        if fingerprint != self.fingerprint:
            raise IdempotencyConflict
