"""Cursors: the position where a page of a list ends, as opaque text that the client sends back."""

import json
from dataclasses import dataclass
from typing import Final

from todo_domain.base64url import decode_base64url, encode_base64url
from todo_domain.errors import RuleViolated, Violation
from todo_domain.task import MAX_TASK_ID

_to_json: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


@dataclass(frozen=True, slots=True)
class Position:
    """The position after the task with this sort value and id; the value None sorts last."""

    value: str | int | None
    id: int


def encode_cursor(query_identity: str, position: Position) -> str:
    """Encode a position of one query as URL-safe base64."""
    content = _to_json([query_identity, position.value, position.id])
    return encode_base64url(content.encode())


def decode_cursor(cursor: str, query_identity: str) -> Position:
    """Decode the text of `encode_cursor`; raise RuleViolated for any other text.

    The caller must check that the query can order by a value of this type.
    """
    try:
        _, value, task_id = json.loads(decode_base64url(cursor))
        position = Position(value, task_id)
        genuine = cursor == encode_cursor(query_identity, position)
    except (ValueError, TypeError, RecursionError):
        raise cursor_refused() from None
    if not genuine or not _is_key(value) or not _is_id(task_id):
        raise cursor_refused()
    return position


def cursor_refused() -> RuleViolated:
    """Return the error for a cursor that is not from a page of the query."""
    return RuleViolated([Violation(("cursor",), "cursor", "must be the next_cursor of a page of the same query")])


def _is_key(value: object) -> bool:
    return isinstance(value, str | int | None) and not isinstance(value, bool)


def _is_id(value: object) -> bool:
    return type(value) is int and 1 <= value <= MAX_TASK_ID
