"""Stores that keep access tokens too long, too short, or for the wrong user."""

from datetime import datetime
from typing import Any, ClassVar

from tests.unit.adapters.contract.broken import breaks
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_adapters.in_memory.access_tokens import InMemoryAccessTokenRepository
from todo_domain import AccessToken, AccessTokenNotFound, UserId


class _Store(InMemoryTaskRepository):
    Tokens: ClassVar[Any]

    def __init__(self) -> None:
        super().__init__()
        self.access_tokens = self.Tokens(self._require_open, self._require_writable)


@breaks("test_an_access_token_of_another_user_is_not_found")
class FindsTokensOfOthers(_Store):
    class Tokens(InMemoryAccessTokenRepository):
        async def find(self, user_id: UserId, token_hash: str) -> AccessToken:
            for tokens in self._all_tokens.values():
                if token_hash in tokens:
                    return tokens[token_hash]
            return await super().find(user_id, token_hash)


@breaks("test_the_last_use_of_an_access_token_never_goes_back")
class SetsTheLastUseBack(_Store):
    class Tokens(InMemoryAccessTokenRepository):
        async def mark_used(self, user_id: UserId, token_hash: str, at: datetime) -> None:
            tokens = self._tokens_of(user_id)
            if token_hash in tokens:
                tokens[token_hash] = tokens[token_hash]._replace(last_used_at=at)


@breaks("test_expired_access_tokens_are_not_counted_and_make_room")
class CountsExpiredTokens(_Store):
    class Tokens(InMemoryAccessTokenRepository):
        async def add(self, token: AccessToken, token_hash: str) -> None:
            await super().add(token._replace(created_at=token.created_at.replace(year=1)), token_hash)


@breaks("test_only_expired_access_tokens_are_purged")
class PurgesAtTheExactTime(_Store):
    class Tokens(InMemoryAccessTokenRepository):
        async def purge(self, *, before: datetime, limit: int, dry_run: bool = False) -> int:
            return await super().purge(before=before.replace(microsecond=1), limit=limit, dry_run=dry_run)


@breaks("test_access_tokens_are_there_after_reopening")
class ForgetsTokensWhenClosed(_Store):
    Tokens = InMemoryAccessTokenRepository

    async def __aexit__(self, *_: object) -> None:
        await super().__aexit__()
        self.access_tokens = self.Tokens(self._require_open, self._require_writable)


@breaks("test_no_method_is_missing")
class HasNoTokens(_Store):
    class Tokens:
        def __init__(self, *_: object) -> None: ...


@breaks("test_an_access_token_is_found_by_its_hash_and_listed_as_it_was_added")
class ListsTokensInOrderOfAddition(_Store):
    class Tokens(InMemoryAccessTokenRepository):
        async def list(self, user_id: UserId) -> list[AccessToken]:
            return list(self._tokens_of(user_id).values())


@breaks("test_a_removed_access_token_is_gone")
class RemovesAllTokens(_Store):
    class Tokens(InMemoryAccessTokenRepository):
        async def remove(self, user_id: UserId, token_id: str) -> None:
            tokens = self._tokens_of(user_id)
            if all(token.id != token_id for token in tokens.values()):
                raise AccessTokenNotFound
            tokens.clear()
