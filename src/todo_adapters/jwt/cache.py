"""Remembering what was verified, since a client sends the same token with every request."""

from typing import Final

from todo_adapters.jwt.claims import Grant

MAX_GRANTS: Final = 4096


class GrantCache:
    """The grants of tokens whose signature was found right, the newest 4096.

    It is for the keys of one moment: who changes the keys clears it. Refusals are
    not kept: there is no end to tokens that are wrong, and they would displace
    those that are right.
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
