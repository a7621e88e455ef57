"""A task as another program has it: its values may not fit into ours."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from todo_domain import Due, Origin, Priority, RecurrenceDraft


@dataclass(slots=True, kw_only=True)
class LooseTask:
    """A task of a file.

    - place, parent: what names it, and the task that it is a part of, within the file
    - identity: what identifies it in its source; the first part is "id" or "content"
    - own: the user and the id, if it is an export of this program
    - lines: more text for the description
    - kept_as_text: values that no field can have, each with its name: also text for the description, with a note
    """

    row: int
    place: str
    parent: str | None = None
    identity: tuple[str, ...]
    own: tuple[str, int] | None = None
    title: str
    notes: str = ""
    lines: list[str] = field(default_factory=list)
    kept_as_text: list[tuple[str, str]] = field(default_factory=list)
    complete: bool = False
    completed_at: datetime | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    priority: Priority = Priority.MEDIUM
    due: Due | None = None
    recurrence: RecurrenceDraft | None = None
    tags: Sequence[str] = ()
    project: Origin | None = None
    in_trash: bool = False

    @property
    def has_details(self) -> bool:
        """Whether it has more than an item of a checklist can have."""
        return bool(self.notes or self.lines or self.kept_as_text or self.due or self.recurrence or self.tags)
