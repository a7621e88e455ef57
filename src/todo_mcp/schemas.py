"""The JSON schemas of the tools. Every assistant reads them before its first message, so they are short."""

from typing import Any, Final

from todo_domain.checklist import MAX_ITEMS
from todo_domain.draft import MAX_TAGS

MAX_IDS: Final = 20
"""The most tasks that one call may name or add."""
MAX_FOUND: Final = 50
DEFAULT_FOUND: Final = 20

JsonSchema = dict[str, Any]


def object_of(properties: JsonSchema, *required: str) -> JsonSchema:
    """Return the schema of an object that has no other properties."""
    schema: JsonSchema = {"type": "object", "properties": properties, "additionalProperties": False}
    return schema | {"required": list(required)} if required else schema


def list_of(items: JsonSchema, most: int, least: int = 0) -> JsonSchema:
    """Return the schema of a list in arguments."""
    schema: JsonSchema = {"type": "array", "items": items, "maxItems": most}
    return schema | {"minItems": least} if least else schema


def described(schema: JsonSchema, description: str) -> JsonSchema:
    """Return the schema with a description."""
    return schema | {"description": description}


def or_null(schema: JsonSchema) -> JsonSchema:
    """Return the schema of a value that may be null. Some clients drop a list of types, but not `anyOf`."""
    return {"anyOf": [schema, {"type": "null"}]}


TEXT: Final[JsonSchema] = {"type": "string"}
FLAG: Final[JsonSchema] = {"type": "boolean"}
WHOLE: Final[JsonSchema] = {"type": "integer"}
DAY: Final[JsonSchema] = {"type": "string", "format": "date"}
ID: Final[JsonSchema] = {"type": "integer", "minimum": 1}
PRIORITY: Final[JsonSchema] = {"type": "string", "enum": ["low", "medium", "high"]}
TAGS: Final = list_of(TEXT, MAX_TAGS)
IDS: Final = list_of(ID, MAX_IDS, 1)
PAGE: Final[JsonSchema] = {"type": "integer", "minimum": 1, "maximum": MAX_FOUND, "default": DEFAULT_FOUND}

# What a caller decides about a task. Null clears a value.
_DUE: Final = object_of(
    {
        "date": DAY,
        "time": or_null({"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}),
        "timezone": described(or_null(TEXT), "IANA name; only with time"),
    },
    "date",
)
_RECURRENCE: Final = object_of(
    {
        "rule": described(TEXT, "RRULE such as FREQ=WEEKLY;BYDAY=MO"),
        "from": {"type": "string", "enum": ["due", "completion"]},
    },
    "rule",
)
FIELDS: Final[JsonSchema] = {
    "title": described(TEXT, "up to 200 characters"),
    "description": described(or_null(TEXT), "up to 1000 characters"),
    "priority": PRIORITY,
    "due": or_null(_DUE),
    "recurrence": or_null(_RECURRENCE),
    "tags": TAGS,
    "checklist": list_of(object_of({"title": TEXT, "complete": FLAG}, "title"), MAX_ITEMS),
    "project_id": or_null(ID),
    "complete": FLAG,
}


def _returned_list(items: JsonSchema) -> JsonSchema:
    return {"type": "array", "items": items}


def _returned(properties: JsonSchema, *required: str) -> JsonSchema:
    return {"type": "object", "properties": properties, "required": list(required)}


_ANY_OBJECT: Final[JsonSchema] = {"type": "object"}
TASK_RETURNED: Final = _returned(
    {
        "id": WHOLE,
        "revision": WHOLE,
        "title": TEXT,
        "complete": FLAG,
        "priority": TEXT,
        "description": TEXT,
        "due": _ANY_OBJECT,
        "recurrence": _ANY_OBJECT,
        "tags": _returned_list(TEXT),
        "checklist": _returned_list(_ANY_OBJECT),
        "project_id": WHOLE,
        "successor_id": WHOLE,
        "created_at": TEXT,
        "completed_at": TEXT,
    },
    "id",
    "revision",
    "title",
    "complete",
)
PROJECT_RETURNED: Final = _returned(
    {"id": WHOLE, "revision": WHOLE, "name": TEXT, "archived": FLAG}, "id", "revision", "name", "archived"
)
FOUND: Final = _returned({"tasks": _returned_list(TASK_RETURNED), "revision": WHOLE, "next_cursor": TEXT}, "tasks")
CHANGED: Final = _returned(
    {
        "tasks": _returned_list(TASK_RETURNED),
        "projects": _returned_list(PROJECT_RETURNED),
        "deleted": _returned_list(_returned({"kind": TEXT, "id": WHOLE}, "kind", "id")),
        "next": TEXT,
        "has_more": FLAG,
    },
    "tasks",
    "projects",
    "deleted",
    "next",
    "has_more",
)
PROJECTS: Final = _returned({"projects": _returned_list(PROJECT_RETURNED)}, "projects")
_ENTRY: Final[JsonSchema] = {"id": WHOLE, "revision": WHOLE}
WRITTEN: Final = _returned(
    {"tasks": _returned_list(_returned({**_ENTRY, "successor_id": WHOLE}, *_ENTRY))},
    "tasks",
)
ADDED: Final = _returned(
    {"tasks": _returned_list(_returned(_ENTRY, *_ENTRY)), "added_before": FLAG}, "tasks", "added_before"
)
