"""A cache of verified tokens: a client sends the same token with every request."""

from typing import Final

from todo_adapters.jwt.claims import VerifiedToken

MAX_TOKENS: Final = 4096


class TokenCache:
    """The newest 4096 tokens with a valid signature.

    They were verified with one set of keys: clear the cache when the keys change. Rejected
    tokens are not cached: anyone can send any number of them, and they would displace
    the valid ones.
    """

    def __init__(self) -> None:
        self._tokens: dict[str, VerifiedToken] = {}

    def get(self, token: str) -> VerifiedToken | None:
        """Return the verified token, or None if the cache does not have it."""
        return self._tokens.get(token)

    def put(self, token: str, verified: VerifiedToken) -> None:
        """Add a verified token; drop the oldest one if the cache is full."""
        if len(self._tokens) >= MAX_TOKENS:
            del self._tokens[next(iter(self._tokens))]
        self._tokens[token] = verified

    def clear(self) -> None:
        """Remove all tokens."""
        self._tokens.clear()
