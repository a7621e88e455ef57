"""The checklist of a task, in bodies and as text."""

from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

import todo_domain as domain
from todo_api.schemas.formats import broken_rule, single_line
from todo_domain.checklist import MAX_ITEM_TITLE_LENGTH, MAX_ITEMS, TOO_MANY_ITEMS

EXAMPLE_ITEM: Final[dict[str, Any]] = {"title": "Ask for oat milk", "complete": True}


class ChecklistItem(BaseModel):
    """One step of a task."""

    model_config = ConfigDict(strict=True, extra="forbid", json_schema_extra={"examples": [EXAMPLE_ITEM]})

    title: Annotated[str, Field(json_schema_extra=single_line(MAX_ITEM_TITLE_LENGTH))]
    complete: bool = False

    def to_domain(self) -> domain.ChecklistItem:
        """Return the item, unchecked; TaskDraft and TaskPatch of the domain check it."""
        return domain.ChecklistItem(self.title, self.complete)


def _count(items: object) -> object:
    """Refuse too many items before they are validated: a body can have thousands."""
    if isinstance(items, list) and len(items) > MAX_ITEMS:
        raise broken_rule(*TOO_MANY_ITEMS)
    return items


Checklist = Annotated[list[ChecklistItem], BeforeValidator(_count), Field(json_schema_extra={"maxItems": MAX_ITEMS})]


def checklist_text(task: domain.Task) -> str:
    """Return the checklist as text: an item in each line, with `[x]` if it is complete."""
    return "\n".join(f"[{'x' if item.complete else ' '}] {item.title}" for item in task.checklist)
