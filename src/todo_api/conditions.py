"""Entity tags and the conditions made of them (RFC 9110 §8.8.3 and §13.1)."""

import re
from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import Header

from todo_domain import RuleViolated, Violation

_ENTITY_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
# A list may have empty elements (RFC 9110 §5.6.1).
_TAGS = rf"[ \t,]*{_ENTITY_TAG}(?:[ \t]*,[ \t,]*{_ENTITY_TAG})*[ \t,]*"
_LIST = re.compile(rf"{_TAGS}\Z")
_STRONG = re.compile(r'(?<!W/)"([1-9][0-9]{0,15})"')
_ANY: Final = "*"
_FORM: Final[dict[str, Any]] = {"pattern": rf"^(\*|{_TAGS})$", "format": "entity-tags"}

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        description="Do it only if the task still has one of these ETags; `*` is any.",
        json_schema_extra=_FORM,
        examples=['"42"'],
    ),
]
IfNoneMatch = Annotated[
    str | None,
    Header(
        alias="If-None-Match",
        description="Answer 304 if the answer still has one of these ETags; `*` is any.",
        json_schema_extra=_FORM,
        examples=['"42"'],
    ),
]


def strong_tag(revision: int) -> str:
    """Return the ETag of a task at a revision."""
    return f'"{revision}"'


def expected_revisions(if_match: str | None) -> frozenset[int] | None:
    """Return the revisions that If-Match lets pass; None lets any pass.

    A comparison is strong: weak tags, and tags that are none of ours, match nothing.
    """
    if if_match is None or if_match.strip(" \t") == _ANY:
        return None
    _check("If-Match", if_match)
    return frozenset(map(int, _STRONG.findall(if_match)))


def known_to_reader(if_none_match: str | None) -> Callable[[str], bool]:
    """Return what says whether If-None-Match names the current tag; a comparison is weak."""
    if if_none_match is None:
        return lambda _: False
    if if_none_match.strip(" \t") == _ANY:
        return lambda _: True
    _check("If-None-Match", if_none_match)
    known = re.findall(r'"[^"]*"', if_none_match)
    return lambda tag: tag.removeprefix("W/") in known


def _check(header: str, value: str) -> None:
    if not _LIST.match(value):
        message = 'must be * or a list of entity tags, such as "42"'
        raise RuleViolated([Violation(("header", header), "entity_tag", message)])
