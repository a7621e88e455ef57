"""The tokens that are accepted with published keys."""

import asyncio
import base64
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.integration.adapters.jwt.issuer import DAY, KEY, URL, Issuer, token
from tests.signing_keys import ALGORITHMS, SigningKey
from tests.tokens import CLAIMS, NOW, SECONDS, StoppedClock, hs256
from todo_adapters.jwt.jwks import JwksTokenVerifier
from todo_domain import Principal, TokenRejected, UserId
from todo_domain.base64url import decode_base64url

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_a_token_signed_with_a_published_key_is_accepted_for_its_user(
    issuer: Issuer, verifier: JwksTokenVerifier, algorithm: str
) -> None:
    key = SigningKey.generate(algorithm)
    issuer.publish(SigningKey.generate(kid="another"), key)

    principal = await verifier.verify(token(key))

    assert principal == Principal(UserId("alice"), expires_at=NOW + timedelta(seconds=DAY))
    assert issuer.paths == ["/api/auth/jwks"]


async def test_a_token_as_better_auth_mints_it_is_accepted_if_the_subject_is_the_user(issuer: Issuer) -> None:
    claims = {"sub": "alice", "id": "alice", "iat": SECONDS, "exp": SECONDS + 900, "iss": URL, "aud": URL}
    by_subject = JwksTokenVerifier(issuer.jwks_url, StoppedClock(), issuer=URL, audience=URL, accept_subject=True)

    async with by_subject as verifier:
        principal = await verifier.verify(KEY.sign(claims, typ=None))

    assert principal.user_id == "alice"


async def test_the_subject_is_not_the_user_unless_configured(verifier: JwksTokenVerifier) -> None:
    with pytest.raises(TokenRejected, match="sub but no user_id"):
        await verifier.verify(KEY.sign({"sub": "alice", "exp": SECONDS + 900, "iss": URL, "aud": URL}))


async def test_issuer_and_audience_are_required(verifier: JwksTokenVerifier) -> None:
    with pytest.raises(TokenRejected, match="another issuer"):
        await verifier.verify(KEY.sign({**CLAIMS, "aud": URL}))
    with pytest.raises(TokenRejected, match="another audience"):
        await verifier.verify(KEY.sign({**CLAIMS, "iss": URL}))


async def test_a_token_with_another_issuer_or_audience_is_refused(verifier: JwksTokenVerifier) -> None:
    with pytest.raises(TokenRejected, match="another issuer"):
        await verifier.verify(token(iss="https://evil.example"))
    with pytest.raises(TokenRejected, match="another audience"):
        await verifier.verify(token(aud="https://evil.example"))


async def test_an_access_token_is_accepted_only_if_configured_and_not_for_assistants(issuer: Issuer) -> None:
    mcp = f"{URL}/mcp"
    verifier = JwksTokenVerifier(
        issuer.jwks_url, StoppedClock(), issuer=URL, audience=URL, accept_access_tokens=True, refused_audience=mcp
    )

    async with verifier:
        assert (await verifier.verify(token(header={"typ": "at+jwt"}))).user_id == "alice"
        with pytest.raises(TokenRejected, match="for assistants"):
            await verifier.verify(token(header={"typ": "at+jwt"}, aud=[URL, mcp]))


async def test_a_kid_is_required(verifier: JwksTokenVerifier) -> None:
    unnamed = SigningKey(kid="", algorithm="EdDSA", private=KEY.private)
    header = base64.urlsafe_b64encode(b'{"alg":"EdDSA"}').rstrip(b"=").decode()

    with pytest.raises(TokenRejected, match="no kid"):
        await verifier.verify(f"{header}.{token().partition('.')[2]}")
    with pytest.raises(TokenRejected, match="no key of this kid"):
        await verifier.verify(token(unnamed))


async def test_a_token_signed_with_an_unpublished_key_is_refused_whatever_its_kid(verifier: JwksTokenVerifier) -> None:
    with pytest.raises(TokenRejected, match="signature"):
        await verifier.verify(token(SigningKey.generate(kid=KEY.kid)))


@pytest.mark.parametrize("algorithm", ["ES256", "ES512", "RS256", "PS256"])
async def test_a_key_does_not_verify_another_algorithm(verifier: JwksTokenVerifier, algorithm: str) -> None:
    with pytest.raises(TokenRejected, match="kid and alg"):
        await verifier.verify(token(SigningKey.generate(algorithm, kid=KEY.kid)))


@pytest.mark.parametrize(
    "secret", [KEY.jwk["x"], decode_base64url(KEY.jwk["x"]).decode("latin-1")], ids=["text", "bytes"]
)
async def test_a_public_key_does_not_work_as_a_shared_secret(verifier: JwksTokenVerifier, secret: str) -> None:
    forged = hs256({**CLAIMS, "iss": URL, "aud": URL}, {"alg": "HS256", "kid": KEY.kid}, secret)

    with pytest.raises(TokenRejected, match="alg is not one of"):
        await verifier.verify(forged)


@pytest.mark.parametrize("name", ["jku", "x5u", "jwk", "x5c"])
async def test_a_key_that_a_token_contains_or_points_to_is_ignored(
    issuer: Issuer, verifier: JwksTokenVerifier, name: str
) -> None:
    own = SigningKey.generate(kid="brought along")
    header: dict[str, Any] = {name: own.jwk if name == "jwk" else f"http://{issuer.address}/elsewhere"}

    with pytest.raises(TokenRejected, match="no key of this kid"):
        await verifier.verify(token(own, header=header))

    assert "/elsewhere" not in issuer.paths


async def test_a_malformed_token_is_refused_without_a_fetch(issuer: Issuer, verifier: JwksTokenVerifier) -> None:
    with pytest.raises(TokenRejected):
        await verifier.verify("an-opaque-session-token")

    assert issuer.fetches == 0


async def test_a_cached_token_is_refused_after_it_has_expired(verifier: JwksTokenVerifier, clock: StoppedClock) -> None:
    brief = token(exp=SECONDS + 60)

    await verifier.verify(brief)
    clock.advance(89)
    assert (await verifier.verify(brief)).user_id == "alice"
    clock.advance(1)

    with pytest.raises(TokenRejected, match="has expired"):
        await verifier.verify(brief)


def test_any_text_is_rejected_even_if_it_differs_from_a_token_in_one_character_only() -> None:
    good = token()

    async def refuses(verifier: JwksTokenVerifier, text: str) -> None:
        with pytest.raises(TokenRejected):
            await verifier.verify(text)

    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        issuer = runner.run(stack.enter_async_context(Issuer().running()))
        verifier = JwksTokenVerifier(issuer.jwks_url, StoppedClock(), issuer=URL, audience=URL, monotonic=lambda: 0)
        runner.run(stack.enter_async_context(verifier))
        runner.run(verifier.verify(good))

        @given(place=st.integers(0, len(good) - 1), character=st.characters())
        def mutate(place: int, character: str) -> None:
            if character != good[place]:
                runner.run(refuses(verifier, good[:place] + character + good[place + 1 :]))

        @given(st.text())
        def invent(text: str) -> None:
            runner.run(refuses(verifier, text))

        mutate()
        invent()
        runner.run(stack.aclose())
