"""Verifiers that accept or repeat what they must not, or raise another error."""

from tests.tokens import SECRET, StoppedClock
from tests.unit.adapters.contract.broken import breaks
from todo_adapters.jwt.shared_secret import SharedSecretTokenVerifier
from todo_domain import Principal, TokenRejected, TokenVerificationUnavailable


class Verifier(SharedSecretTokenVerifier):
    def __init__(self) -> None:
        super().__init__([SECRET], StoppedClock())


@breaks("test_any_other_token_is_rejected_and_is_not_in_the_error")
class TrimsTheToken(Verifier):
    async def verify(self, token: str) -> Principal:
        return await super().verify(token.strip())


@breaks("test_any_other_token_is_rejected_and_is_not_in_the_error")
class ReportsUnavailableKeys(Verifier):
    async def verify(self, token: str) -> Principal:
        if not token.isascii():
            raise TokenVerificationUnavailable
        return await super().verify(token)


@breaks("test_any_other_token_is_rejected_and_is_not_in_the_error")
class RepeatsTheToken(Verifier):
    async def verify(self, token: str) -> Principal:
        try:
            return await super().verify(token)
        except TokenRejected:
            raise TokenRejected(f"{token} is not valid") from None


@breaks("test_any_other_token_is_rejected_and_is_not_in_the_error")
class AcceptsAnyTokenAfterAValidOne(Verifier):
    async def verify(self, token: str) -> Principal:
        try:
            self.seen = await super().verify(token)
        except TokenRejected:
            if not hasattr(self, "seen"):
                raise
        return self.seen


@breaks("test_a_valid_token_returns_its_principal")
class RejectsEverything(Verifier):
    async def verify(self, token: str) -> Principal:
        raise TokenRejected(f"{len(token)} characters are too many")


@breaks("test_a_call_before_opening_raises_not_open")
class VerifiesWhenItIsNotOpen(Verifier):
    def __init__(self) -> None:
        super().__init__()
        self._is_open = True


@breaks("test_a_call_after_closing_raises_not_open")
class RemembersTokensWhenClosed(Verifier):
    """Skips the check for a token that it has verified."""

    async def verify(self, token: str) -> Principal:
        if known := self._cache.get(token):
            return known.principal_at(self._clock.now())
        return await super().verify(token)

    async def __aexit__(self, *_: object) -> None:
        self._is_open = False
