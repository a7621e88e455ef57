"""The place in a list where a page ends, as opaque text that a client hands back."""

import base64
import json
from dataclasses import dataclass
from typing import Final

from todo_domain.errors import RuleViolated, Violation
from todo_domain.task import MAX_TASK_ID

_to_json: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


@dataclass(frozen=True, slots=True)
class Position:
    """After the task with this id among those that are ordered by this value; None is last."""

    value: str | int | None
    id: int


def encode_cursor(query_identity: str, position: Position) -> str:
    """Write a position of one query as text of the URL-safe base64 alphabet."""
    content = _to_json([query_identity, position.value, position.id])
    return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


def decode_cursor(cursor: str, query_identity: str) -> Position:
    """Read what `encode_cursor` wrote; raise RuleViolated on anything else.

    That the value is one that the query could have ordered by is for the caller to check.
    """
    try:
        _, value, task_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        position = Position(value, task_id)
        genuine = cursor == encode_cursor(query_identity, position)
    except (ValueError, TypeError, RecursionError):
        raise cursor_refused() from None
    if not genuine or not _is_key(value) or not _is_id(task_id):
        raise cursor_refused()
    return position


def cursor_refused() -> RuleViolated:
    """Return the one error for every cursor that is not a page's own."""
    return RuleViolated([Violation(("cursor",), "cursor", "must be the next_cursor of a page of the same query")])


def _is_key(value: object) -> bool:
    return isinstance(value, str | int | None) and not isinstance(value, bool)


def _is_id(value: object) -> bool:
    return type(value) is int and 1 <= value <= MAX_TASK_ID
