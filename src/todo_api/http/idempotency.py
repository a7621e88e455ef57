"""The headers for requests that can be repeated (draft-ietf-httpapi-idempotency-key-header)."""

from typing import Annotated

from fastapi import Header

IdempotencyKeyHeader = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="A unique key for this request, so that it can be repeated safely: 1–255 visible ASCII characters.",
        json_schema_extra={"minLength": 1, "maxLength": 255, "pattern": r"^[\x21-\x7e]{1,255}$"},
        examples=["7d3b8f0e-5f0a-4a55-9d25-3f1f7d1c2b7a"],
    ),
]


def replay_header(*, replayed: bool) -> dict[str, str]:
    """Return the header that marks a replayed response."""
    return {"Idempotency-Replayed": "true"} if replayed else {}
