"""A cache of verified tokens: a client sends the same token with every request."""

from typing import Final

from todo_adapters.jwt.claims import Grant

MAX_GRANTS: Final = 4096


class GrantCache:
    """The grants of the newest 4096 tokens with a valid signature.

    The grants hold for one set of keys: clear the cache when the keys change. Rejected
    tokens are not kept: anyone can send any number of them, and they would displace
    the valid ones.
    """

    def __init__(self) -> None:
        self._grants: dict[str, Grant] = {}

    def get(self, token: str) -> Grant | None:
        """Return the grant of a token, or None if the cache does not have it."""
        return self._grants.get(token)

    def put(self, token: str, grant: Grant) -> None:
        """Add a grant; drop the oldest one if the cache is full."""
        if len(self._grants) >= MAX_GRANTS:
            del self._grants[next(iter(self._grants))]
        self._grants[token] = grant

    def clear(self) -> None:
        """Remove all grants."""
        self._grants.clear()
