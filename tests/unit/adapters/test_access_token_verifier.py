"""The verifier of access tokens: how long it keeps them, and what it does when the store fails."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest

from tests.opening import open_at_once
from tests.tokens import NOW, SECRET, StoppedClock, hs256
from todo_adapters import access_token_verifier
from todo_adapters.access_token_verifier import MAX_LOOKUPS, AccessTokenVerifier
from todo_adapters.contract import MakeVerifier, TokenVerifierContract
from todo_adapters.in_memory.access_tokens import InMemoryAccessTokenRepository
from todo_adapters.jwt.shared_secret import SharedSecretTokenVerifier
from todo_domain import (
    AccessToken,
    AccessTokenDraft,
    Principal,
    Scope,
    StorageOverloaded,
    StorageUnavailable,
    TokenRejected,
    UserId,
)
from todo_domain.access_token import hash_of, new_secret

ALICE = UserId("alice")


class Tokens(InMemoryAccessTokenRepository):
    """Access tokens that count the calls. Each call first awaits `before`."""

    def __init__(self) -> None:
        super().__init__(lambda: None, lambda _: None)
        self.lookups = 0
        self.marks: list[datetime] = []
        self.before: Callable[[], Awaitable[None]] | None = None

    async def find(self, user_id: UserId, token_hash: str) -> AccessToken:
        self.lookups += 1
        found = await super().find(user_id, token_hash)
        if self.before:
            await self.before()
        return found

    async def mark_used(self, user_id: UserId, token_hash: str, at: datetime) -> None:
        self.marks.append(at)
        if self.before:
            await self.before()
        await super().mark_used(user_id, token_hash, at)


async def fail() -> None:
    raise StorageUnavailable("not now")


async def hang() -> None:
    await asyncio.Event().wait()


def add(tokens: Tokens, expires_at: datetime | None = None) -> tuple[AccessToken, str]:
    """Add a token of alice, and return it and its secret."""
    draft = AccessTokenDraft(name="a", scopes=[Scope.TASKS_READ], expires_at=expires_at)
    token, secret = AccessToken.from_draft(draft, user_id=ALICE, at=NOW), new_secret(ALICE)
    asyncio.run(tokens.add(token, hash_of(secret)))
    return token, secret


def verifier_of(tokens: Tokens, clock: StoppedClock) -> AccessTokenVerifier:
    return AccessTokenVerifier(SharedSecretTokenVerifier([SECRET], clock), tokens, clock)


@pytest.fixture
def tokens() -> Tokens:
    return Tokens()


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


class TestAccessTokenVerifierWithAccessTokens(TokenVerifierContract):
    @pytest.fixture
    def make_verifier(self, tokens: Tokens, clock: StoppedClock) -> MakeVerifier:
        token, secret = add(tokens)
        return lambda: contextlib.nullcontext((verifier_of(tokens, clock), secret, token.principal))


class TestAccessTokenVerifierWithSessionTokens(TokenVerifierContract):
    @pytest.fixture
    def make_verifier(self, tokens: Tokens, clock: StoppedClock) -> MakeVerifier:
        principal = Principal(ALICE, NOW + timedelta(seconds=900))
        return lambda: contextlib.nullcontext((verifier_of(tokens, clock), hs256(), principal))


def test_a_token_is_looked_up_again_after_four_seconds(tokens: Tokens, clock: StoppedClock) -> None:
    _, secret = add(tokens)

    async def scenario() -> None:
        async with verifier_of(tokens, clock) as verifier:
            for seconds, lookups in ((0, 1), (3.9, 1), (0.1, 2), (-60, 3)):
                clock.advance(seconds)
                await verifier.verify(secret)
                assert tokens.lookups == lookups

    asyncio.run(scenario())


def test_a_revoked_token_is_refused_at_once_here_and_within_four_seconds_elsewhere(
    tokens: Tokens, clock: StoppedClock
) -> None:
    token, secret = add(tokens)
    _, other = add(tokens)

    async def scenario() -> None:
        async with verifier_of(tokens, clock) as here, verifier_of(tokens, clock) as elsewhere:
            for verifier in (here, elsewhere):
                await verifier.verify(secret)
            await tokens.remove(ALICE, token.id)
            here.forget(UserId("bob"))
            here.forget(ALICE)
            with pytest.raises(TokenRejected, match="no such"):
                await here.verify(secret)
            clock.advance(4)
            with pytest.raises(TokenRejected, match="no such"):
                await elsewhere.verify(secret)
            assert (await here.verify(other)).user_id == ALICE

    asyncio.run(scenario())


def test_a_lookup_that_began_before_a_revocation_is_not_kept(tokens: Tokens, clock: StoppedClock) -> None:
    token, secret = add(tokens)

    async def scenario() -> None:
        async with verifier_of(tokens, clock) as verifier:

            async def revoke() -> None:
                tokens.before = None
                await tokens.remove(ALICE, token.id)
                verifier.forget(ALICE)

            tokens.before = revoke
            await verifier.verify(secret)
            with pytest.raises(TokenRejected):
                await verifier.verify(secret)

    asyncio.run(scenario())


def test_a_known_token_is_refused_when_it_expires(tokens: Tokens, clock: StoppedClock) -> None:
    _, secret = add(tokens, NOW + timedelta(seconds=2))

    async def scenario() -> None:
        async with verifier_of(tokens, clock) as verifier:
            await verifier.verify(secret)
            clock.advance(2)
            with pytest.raises(TokenRejected, match="expired"):
                await verifier.verify(secret)
        assert tokens.lookups == 1

    asyncio.run(scenario())


def test_a_token_that_cannot_be_looked_up_is_not_rejected(tokens: Tokens, clock: StoppedClock) -> None:
    _, secret = add(tokens)

    async def scenario() -> None:
        async with verifier_of(tokens, clock) as verifier:
            await verifier.verify(secret)
            tokens.before = fail
            await verifier.verify(secret)
            clock.advance(4)
            with pytest.raises(StorageUnavailable):
                await verifier.verify(secret)

    asyncio.run(scenario())


def test_a_malformed_token_is_not_looked_up(tokens: Tokens, clock: StoppedClock) -> None:
    async def scenario() -> None:
        async with verifier_of(tokens, clock) as verifier:
            with pytest.raises(TokenRejected, match="malformed"):
                await verifier.verify("todo_pat_x")

    asyncio.run(scenario())

    assert tokens.lookups == 0


def test_guessed_tokens_wait_for_each_other_and_a_known_token_for_none(
    tokens: Tokens, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access_token_verifier, "_WAIT_SECONDS", 0.01)
    _, secret = add(tokens)
    _, unknown = add(tokens)

    async def scenario() -> None:
        async with asyncio.timeout(10), verifier_of(tokens, clock) as verifier:
            await verifier.verify(secret)
            clock.advance(4)
            tokens.before = hang
            guesses = [asyncio.create_task(verifier.verify(unknown)) for _ in range(MAX_LOOKUPS)]
            await asyncio.sleep(0)
            tokens.before = None
            with pytest.raises(StorageOverloaded):
                await verifier.verify(unknown)
            assert (await verifier.verify(secret)).user_id == ALICE

            for guess in guesses:
                guess.cancel()
            await asyncio.wait(guesses)
            assert (await verifier.verify(unknown)).user_id == ALICE

    asyncio.run(scenario())


def test_the_oldest_token_is_dropped_when_too_many_are_known(
    tokens: Tokens, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access_token_verifier, "MAX_KNOWN", 2)
    first, second, third = (add(tokens)[1] for _ in range(3))

    async def scenario() -> None:
        async with verifier_of(tokens, clock) as verifier:
            for secret in (first, second, third, third, second, first):
                await verifier.verify(secret)

    asyncio.run(scenario())

    assert tokens.lookups == 4


def test_the_hour_of_the_last_use_is_written_once_an_hour(tokens: Tokens, clock: StoppedClock) -> None:
    _, secret = add(tokens)

    async def scenario() -> None:
        async with verifier_of(tokens, clock) as verifier:
            for seconds in (0, 60, 3600, 1, 4):
                clock.advance(seconds)
                await verifier.verify(secret)
                await asyncio.sleep(0)
            (stored,) = await tokens.list(ALICE)
            assert stored.last_used_at == NOW + timedelta(hours=1)

    asyncio.run(scenario())

    assert tokens.marks == [NOW, NOW + timedelta(hours=1)]


@pytest.mark.parametrize("trouble", [fail, hang])
def test_writing_the_last_use_neither_delays_nor_fails_a_request(
    tokens: Tokens, clock: StoppedClock, trouble: Callable[[], Awaitable[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access_token_verifier, "_MAX_NOTES", 2)
    secrets = [add(tokens)[1] for _ in range(3)]

    async def scenario() -> None:
        async with asyncio.timeout(10), verifier_of(tokens, clock) as verifier:
            for secret in secrets:
                tokens.before = None
                await verifier.verify(secret)
                tokens.before = trouble
                await asyncio.sleep(0)
            assert len(asyncio.all_tasks()) <= 1 + 2

        assert len(asyncio.all_tasks()) == 1

    asyncio.run(scenario())

    assert len(tokens.marks) == (2 if trouble is hang else 3)


def test_a_verifier_in_memory_opens_at_once(tokens: Tokens, clock: StoppedClock) -> None:
    assert asyncio.run(open_at_once(verifier_of(tokens, clock)).verify(hs256())).user_id == ALICE
