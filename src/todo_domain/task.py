"""A task, and how it changes."""

from collections.abc import Container
from datetime import datetime
from typing import Any, Final, NamedTuple, Self

from todo_domain.draft import DuePatch, Priority, TaskDraft, TaskPatch
from todo_domain.due import Due
from todo_domain.errors import PreconditionFailed
from todo_domain.identity import UserId
from todo_domain.position import initial_position

MAX_TASK_ID: Final = 2**53 - 1
"""The largest integer that every JSON parser represents exactly (RFC 8259 §6)."""

MAX_REVISION: Final = MAX_TASK_ID


class Task(NamedTuple):
    """One task as it stands at one revision of its owner's list.

    - id: 1, 2, 3 … per user, never used again, below 2^53
    - revision: the list's revision at the task's last change
    - times: aware, UTC, microseconds; `updated_at` never precedes `created_at` and
      never decreases, whatever the clock does

    The constructor does not check its arguments, so that adapters can restore stored
    tasks. TaskDraft and TaskPatch check the values of a caller.

    Use the fields by name; only adapters use their order. It is a tuple because creating
    a frozen dataclass takes twice the time, and a page has many tasks.
    """

    user_id: UserId
    id: int
    revision: int
    title: str
    description: str | None
    completed_at: datetime | None
    priority: Priority
    due: Due | None
    tags: tuple[str, ...]
    position: str
    created_at: datetime
    updated_at: datetime

    @classmethod
    def from_draft(  # noqa: PLR0913 - what a store adds to the draft
        cls, draft: TaskDraft, *, user_id: UserId, id: int, revision: int, at: datetime, position: str | None = None
    ) -> Self:
        """Create the task that a draft describes; without a position, it is after all others."""
        decided = draft.fields()
        completed_at = at if decided.pop("complete") else None
        return cls(
            user_id=user_id,
            id=id,
            revision=revision,
            completed_at=completed_at,
            position=initial_position(id) if position is None else position,
            created_at=at,
            updated_at=at,
            **decided,
        )

    @property
    def complete(self) -> bool:
        """Whether the task is complete."""
        return self.completed_at is not None

    def patched(self, patch: TaskPatch, at: datetime) -> Self:
        """Return the task with the patch applied; raise RuleViolated if the patched due breaks a rule."""
        named = patch.named_fields()
        if isinstance(patch.due, DuePatch):
            named["due"] = patch.due.applied_to(self.due)
        return self._changed(at, **named)

    def moved(self, position: str, at: datetime) -> Self:
        """Return the task at a position in the order by hand."""
        return self._changed(at, position=position)

    def require(self, expected: Container[int] | None) -> None:
        """Raise PreconditionFailed unless the task is at an expected revision; None accepts every revision.

        An empty set accepts no revision, like an If-Match that has only weak or unknown
        tags (RFC 9110 §13.1.1).
        """
        if expected is not None and self.revision not in expected:
            raise PreconditionFailed(self.revision)

    def _changed(self, at: datetime, *, complete: bool | None = None, **named: Any) -> Self:
        """Return the changed task, or the same object if every value is equal: then nothing is written."""
        at = max(at, self.updated_at)
        if complete is not None and complete is not self.complete:
            named["completed_at"] = at if complete else None
        if all(getattr(self, name) == value for name, value in named.items()):
            return self
        return self._replace(updated_at=at, **named)
