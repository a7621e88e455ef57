"""The OAuth access tokens that are accepted with published keys."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from tests.integration.adapters.jwt.issuer import KEY, URL, Issuer
from tests.integration.adapters.jwt.issuer import token as session_token
from tests.tokens import NOW, SECONDS, StoppedClock, hs256
from todo_adapters.contract import MakeVerifier, TokenVerifierContract, Verifiable
from todo_adapters.jwt.oauth import OAuthTokenVerifier
from todo_domain import Principal, Scope, TokenRejected, UserId

pytestmark = pytest.mark.anyio

RESOURCE = "https://tasks.example/mcp"
ISSUER = f"{URL}/api/auth"
ISSUED = {
    "sub": "alice",
    "aud": RESOURCE,
    "client_id": "assistant",
    "azp": "assistant",
    "scope": "tasks:read tasks:write",
    "sid": "s1",
    "iss": ISSUER,
    "iat": SECONDS,
    "exp": SECONDS + 3600,
    "jti": "t1",
}
"""The claims of a token of Better Auth."""

BOTH = frozenset({Scope.TASKS_READ, Scope.TASKS_WRITE})


def access_token(typ: str = "at+jwt", **claims: Any) -> str:
    """Return a token as Better Auth issues it; a claim that is None is left out."""
    claims = {name: value for name, value in {**ISSUED, **claims}.items() if value is not None}
    return KEY.sign(claims, typ=typ)


def verifier_of(issuer: Issuer) -> OAuthTokenVerifier:
    return OAuthTokenVerifier(
        issuer.jwks_url, StoppedClock(), issuer=ISSUER, resource=RESOURCE, monotonic=lambda: SECONDS
    )


@pytest.fixture
async def verifier(issuer: Issuer) -> AsyncIterator[OAuthTokenVerifier]:
    async with verifier_of(issuer) as verifier:
        yield verifier


class TestOAuthTokenVerifier(TokenVerifierContract):
    @pytest.fixture
    def make_verifier(self) -> MakeVerifier:
        @asynccontextmanager
        async def with_issuer() -> AsyncIterator[Verifiable]:
            async with Issuer().running() as issuer:
                principal = Principal(UserId("alice"), NOW + timedelta(hours=1), BOTH)
                yield verifier_of(issuer), access_token(), principal

        return with_issuer


@pytest.mark.parametrize(
    ("scope", "scopes"),
    [
        ("tasks:read tasks:write", BOTH),
        ("tasks:write", BOTH),
        ("tasks:read", {Scope.TASKS_READ}),
        ("openid offline_access tasks:read", {Scope.TASKS_READ}),
        ("openid", set()),
        ("", set()),
        (None, set()),
        ("account calendar:read", set()),
        ("tasks:reader tasks tasks:read,tasks:write TASKS:READ", set()),
    ],
)
async def test_a_token_has_the_scopes_of_tasks_that_it_names(
    verifier: OAuthTokenVerifier, scope: str | None, scopes: set[Scope]
) -> None:
    principal = await verifier.verify(access_token(scope=scope))

    assert principal.scopes == scopes


@pytest.mark.parametrize("scope", [["tasks:read"], 1, {"tasks:read": True}, False])
async def test_a_scope_that_is_not_text_is_refused(verifier: OAuthTokenVerifier, scope: Any) -> None:
    with pytest.raises(TokenRejected, match="scope is not text"):
        await verifier.verify(access_token(scope=scope))


async def test_the_resource_may_be_one_audience_of_several(verifier: OAuthTokenVerifier) -> None:
    audience = [RESOURCE, f"{ISSUER}/oauth2/userinfo"]

    assert (await verifier.verify(access_token(aud=audience))).user_id == "alice"


@pytest.mark.parametrize("audience", [None, URL, "https://tasks.example", f"{RESOURCE}/", [], [URL], [[RESOURCE]], {}])
async def test_a_token_for_another_resource_is_refused(verifier: OAuthTokenVerifier, audience: Any) -> None:
    with pytest.raises(TokenRejected, match="another audience"):
        await verifier.verify(access_token(aud=audience))


@pytest.mark.parametrize("other", [None, "", URL, f"{ISSUER}/"])
async def test_a_token_of_another_issuer_is_refused(verifier: OAuthTokenVerifier, other: Any) -> None:
    with pytest.raises(TokenRejected, match="another issuer"):
        await verifier.verify(access_token(iss=other))


async def test_a_session_token_of_the_same_key_is_refused(verifier: OAuthTokenVerifier) -> None:
    with pytest.raises(TokenRejected, match="typ is not at"):
        await verifier.verify(session_token())
    with pytest.raises(TokenRejected, match="typ is not at"):
        await verifier.verify(access_token(typ="JWT"))
    with pytest.raises(TokenRejected, match="alg is not one of"):
        await verifier.verify(hs256(ISSUED, {"alg": "HS256", "typ": "at+jwt", "kid": KEY.kid}))


async def test_only_the_subject_names_the_user(verifier: OAuthTokenVerifier) -> None:
    assert (await verifier.verify(access_token(user_id="alice"))).user_id == "alice"
    with pytest.raises(TokenRejected, match="user_id and sub differ"):
        await verifier.verify(access_token(user_id="bob"))
    with pytest.raises(TokenRejected, match="no sub"):
        await verifier.verify(access_token(sub=None, user_id="alice"))


@pytest.mark.parametrize("user", ["", "a b", 1, ["alice"], {}])
async def test_a_subject_that_is_not_a_user_id_is_refused(verifier: OAuthTokenVerifier, user: Any) -> None:
    with pytest.raises(TokenRejected, match="not a user id"):
        await verifier.verify(access_token(sub=user))


async def test_a_token_that_a_client_got_for_itself_is_refused(verifier: OAuthTokenVerifier) -> None:
    with pytest.raises(TokenRejected, match="a client, not a user"):
        await verifier.verify(access_token(sub="assistant"))


@pytest.mark.parametrize("client", [None, 1, ["alice"]])
async def test_a_token_must_name_its_client(verifier: OAuthTokenVerifier, client: Any) -> None:
    with pytest.raises(TokenRejected, match="client_id is not text"):
        await verifier.verify(access_token(client_id=client))


async def test_a_token_that_is_bound_to_a_key_of_its_client_is_refused(verifier: OAuthTokenVerifier) -> None:
    with pytest.raises(TokenRejected, match="bound to a key"):
        await verifier.verify(access_token(cnf={"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}))
