"""A task, and how it changes."""

from collections.abc import Container
from datetime import date, datetime
from typing import Any, Final, NamedTuple, Self

from todo_domain.checklist import ChecklistItem
from todo_domain.draft import (
    KEEPS_DUE,
    NEEDS_DUE,
    NOT_COMPLETE,
    DuePatch,
    Priority,
    RecurrencePatch,
    TaskDraft,
    TaskPatch,
)
from todo_domain.due import Due
from todo_domain.errors import PreconditionFailed, RuleViolated, Violation
from todo_domain.identity import UserId
from todo_domain.position import initial_position
from todo_domain.recurrence import Recurrence
from todo_domain.rules import MAX_ID

MAX_TASK_ID: Final = MAX_ID
MAX_REVISION: Final = MAX_ID


class Task(NamedTuple):
    """One task as it stands at one revision of its owner's list.

    - id: 1, 2, 3 … per user, never used again, below 2^53
    - revision: the list's revision at the task's last change
    - project_id: the project that the task is in
    - recurrence: how an open task recurs; it has a due then
    - successor_id: the task that was added when this one was completed
    - succeeds: the recurrence that the predecessor had, until a caller changes this task
    - times: aware, UTC, microseconds; `updated_at` never precedes `created_at` and
      never decreases, whatever the clock does

    The constructor does not check its arguments, so that adapters can restore stored
    tasks. TaskDraft and TaskPatch check the values of a caller.

    Use the fields by name; only adapters and the serialization of responses use their order.
    It is a tuple because creating a frozen dataclass takes twice the time, and a page has
    many tasks.
    """

    user_id: UserId
    id: int
    revision: int
    title: str
    description: str | None
    completed_at: datetime | None
    priority: Priority
    due: Due | None
    recurrence: Recurrence | None
    tags: tuple[str, ...]
    checklist: tuple[ChecklistItem, ...]
    project_id: int | None
    position: str
    successor_id: int | None
    succeeds: Recurrence | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def from_draft(  # noqa: PLR0913 - what a store adds to the draft
        cls, draft: TaskDraft, *, user_id: UserId, id: int, revision: int, at: datetime, position: str | None = None
    ) -> Self:
        """Create the task that a draft describes; without a position, it is after all others."""
        decided = draft.fields()
        completed_at = at if decided.pop("complete") else None
        if draft.recurrence and draft.due:
            decided["recurrence"] = draft.recurrence.anchored(draft.due.date)
        return cls(
            user_id=user_id,
            id=id,
            revision=revision,
            completed_at=completed_at,
            position=initial_position(id) if position is None else position,
            successor_id=None,
            succeeds=None,
            created_at=at,
            updated_at=at,
            **decided,
        )

    @property
    def complete(self) -> bool:
        """Whether the task is complete."""
        return self.completed_at is not None

    @property
    def is_settled(self) -> bool:
        """Whether a store may write the task as it is; otherwise its successor must be added or erased too."""
        return self.recurrence is None if self.complete else self.successor_id is None

    def next_due(self, completed_at: datetime) -> tuple[Due, Recurrence] | None:
        """Return the due and the recurrence of the successor, None if there is none; see `Recurrence.next_due`.

        The day of completion is the day in the time zone of the due, otherwise in UTC.
        """
        if self.recurrence is None or self.due is None:
            return None
        return self.recurrence.next_due(self.due, self.due.day_at(completed_at))

    def occurrences(self, limit: int) -> tuple[date, ...]:
        """Return up to `limit` days after the due on which the task recurs."""
        return self.recurrence.preview(self.due, limit) if self.recurrence and self.due else ()

    def patched(self, patch: TaskPatch, at: datetime) -> Self:
        """Return the task with the patch applied; the result may not be settled.

        Raises RuleViolated if the patched due or recurrence breaks a rule.
        """
        named = patch.named_fields()
        if isinstance(patch.due, DuePatch):
            named["due"] = patch.due.applied_to(self.due)
        if "due" in named or "recurrence" in named:
            given = named.get("recurrence", self.recurrence)
            named["recurrence"] = self._recurrence_after(patch, given, named.get("due", self.due))
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

    def _recurrence_after(self, patch: TaskPatch, given: Any, due: Due | None) -> Recurrence | None:
        """Return the recurrence after a patch that leads to this one and this due.

        A rule that stays the same keeps its anchor.
        """
        if self.complete and patch.complete is True:
            return None  # completing again has no effect, also with the rule that has moved to the successor
        if isinstance(given, RecurrencePatch):
            given = given.applied_to(self.recurrence)
        if given is None:
            return None
        if self.complete and patch.complete is not False:
            raise RuleViolated([Violation(*NOT_COMPLETE)])
        if due is None:
            raise RuleViolated([Violation(*(KEEPS_DUE if given is self.recurrence else NEEDS_DUE))])
        if self.recurrence and given in (self.recurrence, self.recurrence.draft):
            return self.recurrence
        recurrence: Recurrence = given.anchored(due.date)
        return recurrence

    def _changed(self, at: datetime, *, complete: bool | None = None, **named: Any) -> Self:
        """Return the changed task, or the same object if every value is equal: then nothing is written."""
        at = max(at, self.updated_at)
        if complete is not None and complete is not self.complete:
            named["completed_at"] = at if complete else None
        if all(getattr(self, name) == value for name, value in named.items()):
            return self
        return self._replace(updated_at=at, succeeds=None, **named)
