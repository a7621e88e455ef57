"""Access tokens in the memory of this process."""

from collections.abc import Callable, Sequence
from datetime import datetime

from todo_domain import AccessToken, AccessTokenNotFound, QuotaExceeded, UserId
from todo_domain.access_token import MAX_ACCESS_TOKENS


class InMemoryAccessTokenRepository:
    """The access tokens of an InMemoryTaskRepository.

    `require_open` raises NotOpen while it is not open, and `require_writable` raises TokenRejected after an erasure.
    """

    def __init__(self, require_open: Callable[[], None], require_writable: Callable[[UserId], None]) -> None:
        self._require_open = require_open
        self._require_writable = require_writable
        self._all_tokens: dict[UserId, dict[str, AccessToken]] = {}

    async def add(self, token: AccessToken, token_hash: str) -> None:
        """See AccessTokenRepository."""
        self._require_writable(token.user_id)
        stored = self._tokens_of(token.user_id)
        kept = {key: each for key, each in stored.items() if not each.has_expired(token.created_at)}
        if len(kept) >= MAX_ACCESS_TOKENS:
            raise QuotaExceeded("access tokens", MAX_ACCESS_TOKENS)
        self._all_tokens[token.user_id] = {**kept, token_hash: token}

    async def list(self, user_id: UserId) -> Sequence[AccessToken]:
        """See AccessTokenRepository."""
        return sorted(self._tokens_of(user_id).values(), key=lambda token: (token.created_at, token.id))

    async def find(self, user_id: UserId, token_hash: str) -> AccessToken:
        """See AccessTokenRepository."""
        if token := self._tokens_of(user_id).get(token_hash):
            return token
        raise AccessTokenNotFound

    async def remove(self, user_id: UserId, token_id: str) -> None:
        """See AccessTokenRepository."""
        tokens = self._tokens_of(user_id)
        self._require_writable(user_id)
        for token_hash, token in tokens.items():
            if token.id == token_id:
                del tokens[token_hash]
                return
        raise AccessTokenNotFound

    async def mark_used(self, user_id: UserId, token_hash: str, at: datetime) -> None:
        """See AccessTokenRepository."""
        tokens = self._tokens_of(user_id)
        token = tokens.get(token_hash)
        if token and (token.last_used_at is None or token.last_used_at < at):
            tokens[token_hash] = token._replace(last_used_at=at)

    async def purge(self, *, before: datetime, limit: int, dry_run: bool = False) -> int:
        """See AccessTokenRepository."""
        self._require_open()
        old = [
            (tokens, token_hash)
            for tokens in self._all_tokens.values()
            for token_hash, token in tokens.items()
            if token.expires_at is not None and token.expires_at < before
        ][:limit]
        if not dry_run:
            for tokens, token_hash in old:
                del tokens[token_hash]
        return len(old)

    def erase(self, user_id: UserId) -> None:
        """Remove all tokens of the user."""
        self._all_tokens.pop(user_id, None)

    def has_any(self, user_id: UserId) -> bool:
        """Return whether the user has a token."""
        return bool(self._all_tokens.get(user_id))

    def _tokens_of(self, user_id: UserId) -> dict[str, AccessToken]:
        self._require_open()
        return self._all_tokens.get(user_id, {})
