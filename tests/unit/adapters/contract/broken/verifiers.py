"""Verifiers that accept or repeat what they must not, or raise another error."""

from tests.tokens import SECRET, StoppedClock
from tests.unit.adapters.contract.broken import breaks
from todo_adapters.jwt.shared_secret import SharedSecretTokenVerifier
from todo_domain import Principal, TokenRejected, TokenVerificationUnavailable


class Verifier(SharedSecretTokenVerifier):
    def __init__(self) -> None:
        super().__init__([SECRET], StoppedClock())


@breaks("test_any_other_token_is_rejected_and_not_repeated")
class Trims(Verifier):
    async def verify(self, token: str) -> Principal:
        return await super().verify(token.strip())


@breaks("test_any_other_token_is_rejected_and_not_repeated")
class BlamesItsKeys(Verifier):
    async def verify(self, token: str) -> Principal:
        if not token.isascii():
            raise TokenVerificationUnavailable
        return await super().verify(token)


@breaks("test_any_other_token_is_rejected_and_not_repeated")
class RepeatsTheToken(Verifier):
    async def verify(self, token: str) -> Principal:
        try:
            return await super().verify(token)
        except TokenRejected:
            raise TokenRejected(f"{token} is not valid") from None


@breaks("test_any_other_token_is_rejected_and_not_repeated")
class TrustsWhoWasSeenBefore(Verifier):
    async def verify(self, token: str) -> Principal:
        try:
            self.seen = await super().verify(token)
        except TokenRejected:
            if not hasattr(self, "seen"):
                raise
        return self.seen


@breaks("test_a_valid_token_speaks_for_its_principal")
class RejectsEverything(Verifier):
    async def verify(self, token: str) -> Principal:
        raise TokenRejected(f"{len(token)} characters are too many")
