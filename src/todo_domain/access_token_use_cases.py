"""What a caller can do with the access tokens of a user."""

from collections.abc import Callable, Sequence

from todo_domain.access_token import AccessToken, AccessTokenDraft, hash_of, new_secret
from todo_domain.identity import Principal, Scope, UserId
from todo_domain.ports import AccessTokenRepository, Clock


class AccessTokenUseCases:
    """What a principal can do with one owner's access tokens.

    The constructor raises AccessDenied unless the principal is the owner, and ScopeMissing if the
    principal is itself an access token. After tokens were removed, `forget` is called with their owner.
    """

    def __init__(
        self,
        repository: AccessTokenRepository,
        clock: Clock,
        forget: Callable[[UserId], None],
        principal: Principal,
        owner: str,
    ) -> None:
        self.user_id = principal.access(owner)
        principal.require(Scope.ACCOUNT)
        self._repository = repository
        self._clock = clock
        self._forget = forget

    async def create(self, draft: AccessTokenDraft) -> tuple[AccessToken, str]:
        """Add a token; return it and its secret, which can't be read again.

        Raises RuleViolated for `expires_at`, and QuotaExceeded.
        """
        token = AccessToken.from_draft(draft, user_id=self.user_id, at=self._clock.now())
        secret = new_secret(self.user_id)
        await self._repository.add(token, hash_of(secret))
        return token, secret

    async def list(self) -> Sequence[AccessToken]:
        """Return all tokens, the oldest first."""
        return await self._repository.list(self.user_id)

    async def remove(self, token_id: str) -> None:
        """Revoke a token, or raise AccessTokenNotFound."""
        try:
            await self._repository.remove(self.user_id, token_id)
        finally:  # also after an error: the token may be removed nevertheless
            self._forget(self.user_id)
