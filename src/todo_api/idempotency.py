"""The headers of requests that can be sent again (draft-ietf-httpapi-idempotency-key-header)."""

from typing import Annotated

from fastapi import Header

IdempotencyKey = Annotated[
    str | None,
    Header(
        description="A name for this request, so that it can be sent again: 1–255 visible ASCII characters.",
        examples=["7d3b8f0e-5f0a-4a55-9d25-3f1f7d1c2b7a"],
    ),
]


def replay_header(*, replayed: bool) -> dict[str, str]:
    """Return the header that tells a replayed answer from a first one."""
    return {"Idempotency-Replayed": "true"} if replayed else {}
