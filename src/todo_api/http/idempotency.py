"""The headers of requests that can be sent again (draft-ietf-httpapi-idempotency-key-header)."""

from typing import Annotated, Final

from fastapi import Header

from todo_domain import RuleViolated, Violation

_HEADER: Final = "Idempotency-Key"
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias=_HEADER,
        description="A name for this request, so that it can be sent again: 1–255 visible ASCII characters.",
        json_schema_extra={"minLength": 1, "maxLength": 255, "pattern": r"^[\x21-\x7e]{1,255}$"},
        examples=["7d3b8f0e-5f0a-4a55-9d25-3f1f7d1c2b7a"],
    ),
]


class about_key:  # noqa: N801 - as contextlib's own
    """Says of a rule violated in its block that it is about the header."""

    def __enter__(self) -> None: ...

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, RuleViolated):
            (found,) = error.violations
            raise RuleViolated([Violation(("header", _HEADER), found.code, found.message)]) from None


def replay_header(*, replayed: bool) -> dict[str, str]:
    """Return the header that tells a replayed answer from a first one."""
    return {"Idempotency-Replayed": "true"} if replayed else {}
