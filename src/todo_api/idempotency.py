"""The headers of requests that can be sent again (draft-ietf-httpapi-idempotency-key-header)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final

from fastapi import Header

from todo_domain import RuleViolated, Violation

_HEADER: Final = "Idempotency-Key"
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias=_HEADER,
        description="A name for this request, so that it can be sent again: 1–255 visible ASCII characters.",
        json_schema_extra={"pattern": r"^[\x21-\x7e]{1,255}$"},
        examples=["7d3b8f0e-5f0a-4a55-9d25-3f1f7d1c2b7a"],
    ),
]


@contextmanager
def about_key() -> Iterator[None]:
    """Say of a rule violated in this block that it is about the header."""
    try:
        yield
    except RuleViolated as violated:
        (found,) = violated.violations
        raise RuleViolated([Violation(("header", _HEADER), found.code, found.message)]) from None


def replay_header(*, replayed: bool) -> dict[str, str]:
    """Return the header that tells a replayed answer from a first one."""
    return {"Idempotency-Replayed": "true"} if replayed else {}
