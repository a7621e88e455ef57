"""A cache of verified tokens, since a client sends the same token with every request (docs/decisions/0012)."""

from typing import Final

from todo_adapters.jwt.claims import Grant

MAX_GRANTS: Final = 4096


class GrantCache:
    """The grants of the newest 4096 tokens whose signature is correct.

    A change of the keys must clear it. Refused tokens are not kept: their number has no
    bound, and they would displace the valid ones.
    """

    def __init__(self) -> None:
        self._grants: dict[str, Grant] = {}

    def get(self, token: str) -> Grant | None:
        """Return the grant of a token that is known."""
        return self._grants.get(token)

    def put(self, token: str, grant: Grant) -> None:
        """Remember a grant, in place of the oldest if there are too many."""
        if len(self._grants) >= MAX_GRANTS:
            del self._grants[next(iter(self._grants))]
        self._grants[token] = grant

    def clear(self) -> None:
        """Forget everything."""
        self._grants.clear()
