"""Suggest a known name for one that the API does not know."""

import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Final

# Names in other task APIs, in snake case. If several entries match, the first one that is known here is used.
_MEANINGS: Final[Mapping[str, Collection[str]]] = {
    "complete": (
        "completed",
        "is_complete",
        "is_completed",
        "done",
        "is_done",
        "checked",
        "finished",
        "status",
        "state",
    ),
    "due": ("due_date", "due_at", "due_on", "due_day", "deadline"),
    "recurrence": ("repeat", "repeats", "recurring", "recurs", "rrule", "recurrence_rule", "frequency", "interval"),
    "rule": ("rrule", "recurrence", "freq", "frequency", "repeat"),
    "from": ("counted_from", "count_from", "base", "mode"),
    "date": ("day", "due", "due_date"),
    "time": ("hour", "clock", "due_time"),
    "timezone": ("time_zone", "tz", "zone"),
    "due_from": ("due_date", "due_after", "due_since", "due_date_from", "from", "start_date"),
    "due_until": ("due_before", "due_to", "due_by", "due_date_to", "until", "to", "end_date", "deadline"),
    "title": ("name", "text", "summary", "subject", "content", "task"),
    "description": ("notes", "note", "body", "details", "detail", "comment"),
    "tags": ("tag", "label", "labels", "category", "categories"),
    "tag": ("tags", "label", "labels", "category", "categories"),
    "checklist": ("check_list", "subtasks", "sub_tasks", "steps", "items", "checklist_items", "todos"),
    "priority": ("importance", "urgency", "prio"),
    "q": ("search", "query", "keyword", "keywords", "term", "filter", "text", "title", "s"),
    "sort": ("sort_by", "order", "order_by", "ordering", "sort_order", "sort_dir", "direction"),
    "cursor": ("offset", "page", "skip", "next", "next_cursor", "page_token", "start", "after"),
    "since": ("cursor", "token", "after", "next", "last_event_id", "from"),
    "limit": ("per_page", "page_size", "size", "count", "take", "top", "first", "max_results"),
    "move": ("after", "before", "index", "rank", "order"),
    "op": ("operation", "type", "action", "method", "kind"),
    "task": ("data", "body", "value", "fields", "patch", "todo"),
    "id": ("task_id",),
    "permanent": ("permanently", "force", "hard", "hard_delete"),
    "if_revision": ("revision", "if_match", "etag", "version"),
    "operations": ("ops", "tasks", "requests", "items", "batch", "actions"),
}
_MAX_LENGTH: Final = 32
_MIN_SIMILARITY: Final = 0.75


@lru_cache(maxsize=1024)
def probably_meant(name: str, known: frozenset[str]) -> str | None:
    """Return the known name that a client probably meant, or None.

    It tries, in this order: the same name in another spelling, such as `dueFrom`; names in
    other task APIs; names that differ in a few characters.
    """
    if len(name) > _MAX_LENGTH:
        return None
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().replace("-", "_")
    if plain in known:
        return plain
    for meant, others in _MEANINGS.items():
        if meant in known and plain in others:
            return meant
    return next(iter(get_close_matches(plain, sorted(known), n=1, cutoff=_MIN_SIMILARITY)), None)
