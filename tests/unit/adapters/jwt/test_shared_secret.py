import asyncio
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from tests.opening import open_at_once
from tests.tokens import CLAIMS, HEADER, JSON, NOW, SECONDS, SECRET, StoppedClock, hs256
from todo_adapters.jwt.shared_secret import SharedSecretTokenVerifier, mint_token
from todo_domain import Principal, TokenRejected, UserId

OTHER_SECRET = "the secret that comes after the first one"
DAY = timedelta(days=1)


def verifier(
    *secrets: str, clock: StoppedClock | None = None, issuer: str | None = None, audience: str | None = None
) -> SharedSecretTokenVerifier:
    return open_at_once(
        SharedSecretTokenVerifier(secrets or [SECRET], clock or StoppedClock(), issuer=issuer, audience=audience)
    )


def verify(token: str, by: SharedSecretTokenVerifier | None = None) -> Principal:
    return asyncio.run((by or verifier()).verify(token))


def public_key_in_pem() -> str:
    key = Ed25519PrivateKey.generate().public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def test_a_token_signed_with_the_secret_is_accepted_for_its_user() -> None:
    assert verify(hs256()) == Principal(UserId("alice"), expires_at=NOW + timedelta(seconds=900))


def test_a_token_as_common_front_ends_mint_it_is_accepted() -> None:
    week = 7 * 24 * 3600
    token = hs256({"user_id": "alice", "iat": SECONDS, "exp": SECONDS + week}, header={"alg": "HS256"})

    assert verify(token).user_id == "alice"


def test_a_token_signed_with_another_secret_is_refused() -> None:
    with pytest.raises(TokenRejected, match="signature"):
        verify(hs256(secret=OTHER_SECRET))


def test_a_payload_is_not_read_before_its_signature_is_verified() -> None:
    with pytest.raises(TokenRejected, match="signature"):
        verify(hs256(b"not JSON", secret=OTHER_SECRET))


def test_tokens_of_every_secret_are_accepted_while_secrets_rotate() -> None:
    rotating = verifier(OTHER_SECRET, SECRET)

    assert verify(hs256(), rotating).user_id == "alice"
    assert verify(hs256(secret=OTHER_SECRET), rotating).user_id == "alice"


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_another_algorithm_with_the_same_secret_is_refused(algorithm: str) -> None:
    with pytest.raises(TokenRejected, match="alg"):
        verify(jwt.encode({**CLAIMS}, SECRET * 2, algorithm), verifier(SECRET * 2))


def test_a_token_without_a_signature_is_refused() -> None:
    with pytest.raises(TokenRejected, match="signature"):
        verify(hs256().rpartition(".")[0] + ".")
    with pytest.raises(TokenRejected, match="alg"):
        verify(jwt.encode({**CLAIMS}, "", "none"))


def test_a_truncated_signature_is_refused() -> None:
    with pytest.raises(TokenRejected, match="signature"):
        verify(hs256()[:-3])


def test_the_tokens_that_better_auth_mails_with_the_same_secret_are_refused() -> None:
    with pytest.raises(TokenRejected, match="neither user_id nor sub"):
        verify(hs256({"email": "alice@example.org", "userId": "alice", "exp": SECONDS + 900}))


def test_the_subject_names_the_user_if_configured() -> None:
    agreed = open_at_once(SharedSecretTokenVerifier([SECRET], StoppedClock(), accept_subject=True))

    assert verify(hs256({"sub": "alice", "exp": SECONDS + 900}), agreed).user_id == "alice"


def test_issuer_and_audience_are_checked_if_configured() -> None:
    strict = verifier(issuer="us", audience="tasks")

    assert verify(hs256({**CLAIMS, "iss": "us", "aud": "tasks"}), strict).user_id == "alice"
    with pytest.raises(TokenRejected, match="issuer"):
        verify(hs256({**CLAIMS, "aud": "tasks"}), strict)
    with pytest.raises(TokenRejected, match="audience"):
        verify(hs256({**CLAIMS, "iss": "us"}), strict)


def test_a_cached_token_is_refused_after_it_has_expired() -> None:
    clock = StoppedClock()
    remembering = verifier(clock=clock)

    verify(hs256(), remembering)
    clock.advance(929)
    assert verify(hs256(), remembering).user_id == "alice"
    clock.advance(1)

    with pytest.raises(TokenRejected, match="has expired"):
        verify(hs256(), remembering)


def test_a_cached_token_is_refused_if_the_clock_goes_back_before_its_beginning() -> None:
    clock = StoppedClock()
    remembering = verifier(clock=clock)

    verify(hs256(), remembering)
    clock.advance(-31)

    with pytest.raises(TokenRejected, match="not valid yet"):
        verify(hs256(), remembering)


def test_a_token_that_was_used_too_early_is_accepted_later() -> None:
    clock = StoppedClock()
    remembering = verifier(clock=clock)
    token = hs256({**CLAIMS, "nbf": SECONDS + 60})

    with pytest.raises(TokenRejected, match="not valid yet"):
        verify(token, remembering)
    clock.advance(30)

    assert verify(token, remembering).user_id == "alice"


def test_a_cached_token_does_not_validate_a_token_that_differs_in_one_character() -> None:
    remembering = verifier()
    token = hs256()
    verify(token, remembering)

    with pytest.raises(TokenRejected):
        verify(token[:-2] + ("A" if token[-2] != "A" else "B") + token[-1], remembering)


def test_at_least_one_secret_is_needed() -> None:
    with pytest.raises(ValueError, match="at least one secret"):
        SharedSecretTokenVerifier([], StoppedClock())


@pytest.mark.parametrize(
    ("secret", "rule"),
    [
        pytest.param("", "at least 32 bytes", id="nothing"),
        pytest.param("s3cret-of-thirty-one-bytes-xxxx", "at least 32 bytes", id="31 bytes"),
        pytest.param("better-auth-secret-123456789", "at least 32 bytes", id="an old default"),
        pytest.param("better-auth-secret-12345678901234567890", "a published one", id="the default"),
        pytest.param("a-string-secret-at-least-256-bits-long", "a published one", id="the example of jwt.io"),
        pytest.param("s" * 64, "repeat one character", id="one repeated character"),
        pytest.param("ß" * 16, "repeat one character", id="one repeated character of two bytes"),
        pytest.param(public_key_in_pem(), "key of another algorithm", id="a public key"),
        pytest.param("\ud800" * 32, "UTF-8", id="no text"),
    ],
)
def test_an_unusable_secret_is_refused_with_the_rule_but_without_the_secret(secret: str, rule: str) -> None:
    with pytest.raises(ValueError, match=rule) as refusal:
        verifier(SECRET, secret)

    assert not secret or secret not in str(refusal.value)


@pytest.mark.parametrize("secret", ["st" * 16, "ßs" * 10 + "ab"])
def test_a_secret_of_32_bytes_is_enough(secret: str) -> None:
    assert verify(hs256(secret=secret), verifier(secret)).user_id == "alice"


def test_a_minted_token_is_accepted_for_its_lifetime() -> None:
    token = mint_token(SECRET, UserId("alice"), NOW, 31 * DAY)

    assert verify(token) == Principal(UserId("alice"), expires_at=NOW + 31 * DAY)


def test_a_minted_token_names_its_issuer_and_audience() -> None:
    token = mint_token(SECRET, UserId("alice"), NOW, DAY, issuer="us", audience="tasks")

    assert verify(token, verifier(issuer="us", audience="tasks")).user_id == "alice"


@pytest.mark.parametrize("lifetime", [timedelta(0), -DAY, timedelta(milliseconds=999), 31 * DAY + timedelta(seconds=1)])
def test_a_token_that_would_be_refused_is_not_minted(lifetime: timedelta) -> None:
    with pytest.raises(ValueError, match="lifetime must be 1 second to 31 days"):
        mint_token(SECRET, UserId("alice"), NOW, lifetime)


def test_a_token_is_not_minted_with_an_unusable_secret() -> None:
    with pytest.raises(ValueError, match="at least 32 bytes"):
        mint_token("short", UserId("alice"), NOW, DAY)


NAMES = st.sampled_from(["user_id", "sub", "exp", "nbf", "iat", "iss", "aud", "alg", "typ", "kid", "crit"])


@given(token=st.text())
def test_any_text_is_rejected(token: str) -> None:
    with pytest.raises(TokenRejected):
        verify(token)


@given(changes=st.dictionaries(NAMES, JSON, max_size=3), header=st.dictionaries(NAMES, JSON, max_size=3))
def test_any_signed_token_is_accepted_or_rejected_without_another_error(
    changes: dict[str, Any], header: dict[str, Any]
) -> None:
    token = hs256({**CLAIMS, **changes}, {**HEADER, **header})

    try:
        principal = verify(token)
    except TokenRejected:
        return

    assert principal.user_id == changes.get("user_id", "alice")


@given(data=st.data())
def test_a_token_with_any_other_character_in_it_is_rejected(data: st.DataObject) -> None:
    token = hs256()
    place = data.draw(st.integers(0, len(token) - 1))
    character = data.draw(st.characters().filter(lambda other: other != token[place]))

    with pytest.raises(TokenRejected):
        verify(token[:place] + character + token[place + 1 :])
