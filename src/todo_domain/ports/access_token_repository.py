"""The port to a store of access tokens."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from todo_domain.access_token import AccessToken
from todo_domain.identity import UserId


class AccessTokenRepository(Protocol):
    """Stores the access tokens of every user, each with its SHA-256 and never with the token itself.

    - What TaskRepository says of isolation, atomicity, durability, erasure, values and errors also holds here.
    - Access tokens belong to no list: a method MUST NOT change a revision.
    """

    async def add(self, token: AccessToken, token_hash: str) -> None:
        """Add a token.

        - MUST raise QuotaExceeded if the user has `MAX_ACCESS_TOKENS` others. Those that have expired at
          `created_at` don't count, and MUST be removed. The check and the write MUST be one atomic step.
        - The caller MUST NOT add the same hash or id twice.
        """
        ...

    async def list(self, user_id: UserId) -> Sequence[AccessToken]:
        """Return the user's tokens in the order of `created_at`."""
        ...

    async def find(self, user_id: UserId, token_hash: str) -> AccessToken:
        """Return the user's token with this hash, even if it has expired. MUST raise AccessTokenNotFound without one.

        A token that was removed before the call MUST NOT be found.
        """
        ...

    async def remove(self, user_id: UserId, token_id: str) -> None:
        """Remove the token with this id. MUST raise AccessTokenNotFound when the user has no such token.

        After an erasure of the user, it MAY raise that instead of TokenRejected.
        """
        ...

    async def mark_used(self, user_id: UserId, token_hash: str, at: datetime) -> None:
        """Set `last_used_at` of the token with this hash, unless it is `at` or later, or there is no such token."""
        ...

    async def purge(self, *, before: datetime, limit: int, dry_run: bool = False) -> int:
        """Remove tokens of all users that expired before this time: at most `limit`; return how many.

        A dry run MUST return the same number and MUST NOT remove anything.
        """
        ...
