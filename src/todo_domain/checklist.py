"""The checklist of a task: small steps, each complete or not."""

from dataclasses import dataclass, replace
from typing import Final

from todo_domain.rules import Violations

MAX_ITEMS: Final = 100
MAX_ITEM_TITLE_LENGTH: Final = 200
TOO_MANY_ITEMS: Final = ("too_many_items", f"must have at most {MAX_ITEMS} items")


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    """One step of a task. TaskDraft and TaskPatch check it, not the constructor."""

    title: str
    complete: bool = False


def accept_checklist(found: Violations, checklist: object) -> tuple[ChecklistItem, ...]:
    """Return the items of a draft or a patch with trimmed titles, and add their violations to `found`."""
    if not isinstance(checklist, tuple | list):
        found.add(("checklist",), "checklist_type", "must be a list of items")
        return ()
    if len(checklist) > MAX_ITEMS:
        found.add(("checklist",), *TOO_MANY_ITEMS)
        return ()
    return tuple(_accept_item(found, position, item) for position, item in enumerate(checklist))


def _accept_item(found: Violations, position: int, item: object) -> ChecklistItem:
    place = ("checklist", position)
    if not isinstance(item, ChecklistItem):
        found.add(place, "item_type", "must be an item with a title")
        return ChecklistItem("?")
    title = found.single_line((*place, "title"), item.title, MAX_ITEM_TITLE_LENGTH)
    found.expect(isinstance(item.complete, bool), (*place, "complete"), "bool_type", "must be true or false")
    return item if title == item.title else replace(item, title=title)
