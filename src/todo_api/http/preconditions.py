"""Entity tags and preconditions (RFC 9110 §8.8.3 and §13.1)."""

import re
from collections.abc import Callable, Container
from dataclasses import dataclass
from typing import Annotated, Any, Final
from zlib import crc32

from fastapi import Header, Request

from todo_domain import RuleViolated, Violation

_ENTITY_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
# A list may have empty elements (RFC 9110 §5.6.1).
_TAGS = rf"[ \t,]*{_ENTITY_TAG}(?:[ \t]*,[ \t,]*{_ENTITY_TAG})*[ \t,]*"
_LIST = re.compile(rf"{_TAGS}\Z")
_OF_TASK = re.compile(r'"([1-9][0-9]{0,15})"')
_STRONG = re.compile(rf"(?<!W/){_OF_TASK.pattern}")
_ANY: Final = "*"
_FORM: Final[dict[str, Any]] = {"pattern": rf"^(\*|{_TAGS})$", "format": "entity-tags"}


def _tags_header(name: str, description: str, example: str) -> Any:
    return Header(alias=name, description=description, json_schema_extra=_FORM, examples=[example])


IfMatch = Annotated[
    str | None, _tags_header("If-Match", "Write only if the task has one of these ETags; `*` matches any task.", '"42"')
]
IfNoneMatch = Annotated[
    str | None,
    _tags_header("If-None-Match", "Return 304 if the current ETag is one of these; `*` matches any.", '"42"'),
]
IfNoneMatchForWrite = Annotated[
    str | None,
    _tags_header("If-None-Match", "Write only if the task's ETag is not one of these; `*` matches any task.", '"41"'),
]


def strong_tag(revision: int) -> str:
    """Return the ETag of a task at a revision."""
    return f'"{revision}"'


def list_tag(request: Request, *state: int) -> str:
    """Return the weak ETag of a list: of the numbers that identify its state, and of the query."""
    numbers = "-".join(map(str, state))
    return f'W/"{numbers}-{crc32(request.scope["query_string"]):08x}"'


@dataclass(frozen=True, slots=True)
class _AllExcept:
    """All revisions except some."""

    excluded: frozenset[int]

    def __contains__(self, revision: object) -> bool:
        return revision not in self.excluded


def expected_revisions(if_match: str | None, if_none_match: str | None = None) -> Container[int] | None:
    """Return the revisions at which a task may be written; None accepts every revision.

    If-Match uses the strong comparison: weak tags match nothing. If-None-Match uses the
    weak comparison. Tags that are not from this API match nothing.
    """
    listed = None if if_match is None or _is_any(if_match) else _revisions("if_match", _STRONG, if_match)
    if if_none_match is None:
        return listed
    if _is_any(if_none_match):
        return frozenset()
    excluded = _revisions("if_none_match", _OF_TASK, if_none_match)
    return _AllExcept(excluded) if listed is None else listed - excluded


def tag_matcher(if_none_match: str | None) -> Callable[[str], bool]:
    """Return a function that returns whether If-None-Match matches a tag (weak comparison)."""
    if if_none_match is None:
        return lambda _: False
    if _is_any(if_none_match):
        return lambda _: True
    _check("if_none_match", if_none_match)
    known = re.findall(r'"[^"]*"', if_none_match)
    return lambda tag: tag.removeprefix("W/") in known


def _is_any(value: str) -> bool:
    return value.strip(" \t") == _ANY


def _revisions(parameter: str, tag: re.Pattern[str], value: str) -> frozenset[int]:
    _check(parameter, value)
    return frozenset(map(int, tag.findall(value)))


def _check(parameter: str, value: str) -> None:
    if not _LIST.match(value):
        message = 'must be * or a list of entity tags, such as "42"'
        raise RuleViolated([Violation((parameter,), "entity_tag", message)])
