"""Tokens built by hand, so that tests can create invalid ones, and a clock for their verification."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
SECRET = "a secret that is shared with tests only"
HEADER = {"alg": "HS256", "typ": "JWT"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda values: st.lists(values, max_size=2) | st.dictionaries(st.text(max_size=5), values, max_size=2),
    max_leaves=4,
)
CLAIMS = {"user_id": "alice", "iat": SECONDS, "exp": SECONDS + 900}


class StoppedClock:
    """A Clock that changes only by `advance`."""

    def __init__(self) -> None:
        self._now = NOW

    def now(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


def base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def as_bytes(value: Any) -> bytes:
    """Return bytes as they are and anything else as JSON."""
    return value if isinstance(value, bytes) else json.dumps(value).encode()


def hs256(payload: Any = CLAIMS, header: Any = HEADER, secret: str = SECRET) -> str:
    """Return a token of any content with a valid signature."""
    signing_input = f"{base64url(as_bytes(header))}.{base64url(as_bytes(payload))}"
    return f"{signing_input}.{base64url(hmac.digest(secret.encode(), signing_input.encode(), hashlib.sha256))}"
