"""When keys are fetched, and how tokens are verified while fetches fail."""

import asyncio
import gzip
import json
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from tests.integration.adapters.jwt.issuer import KEY, URL, Issuer, token
from tests.signing_keys import SigningKey
from tests.tokens import StoppedClock
from todo_adapters.jwt.jwks import JwksTokenVerifier
from todo_adapters.jwt.key_source import KeySource
from todo_domain import TokenRejected, TokenVerificationUnavailable

pytestmark = pytest.mark.anyio

NEW_KEY = SigningKey.generate("ES256", kid="k2")
MAX_BYTES = 256 * 1024


async def is_accepted(verifier: JwksTokenVerifier, by: SigningKey = KEY) -> bool:
    try:
        await verifier.verify(token(by))
    except TokenRejected:
        return False
    return True


async def settle(verifier: JwksTokenVerifier) -> None:
    """Wait for the fetch in progress, as the caller with an unknown kid does."""
    with suppress(TokenVerificationUnavailable):
        assert not await is_accepted(verifier, SigningKey.generate("ES256", kid="unknown"))


async def test_keys_are_fetched_once_for_300_seconds(
    issuer: Issuer, verifier: JwksTokenVerifier, clock: StoppedClock
) -> None:
    await verifier.verify(token())
    clock.advance(299)
    await verifier.verify(token())

    assert issuer.fetches == 1


async def test_the_figures_tell_the_age_of_the_keys_after_they_were_fetched(
    verifier: JwksTokenVerifier, clock: StoppedClock
) -> None:
    before = verifier.figures()

    await verifier.verify(token())
    clock.advance(299)

    assert before == {}
    assert verifier.figures() == {("keys_age_seconds", ""): 299}


async def test_keys_older_than_300_seconds_are_used_while_new_ones_are_fetched(
    issuer: Issuer, verifier: JwksTokenVerifier, clock: StoppedClock
) -> None:
    await verifier.verify(token())
    issuer.open.clear()
    issuer.requested.clear()
    clock.advance(300)

    assert await is_accepted(verifier)
    await issuer.requested.wait()
    assert await is_accepted(verifier)

    assert issuer.fetches == 2


async def test_keys_older_than_an_hour_are_not_used(
    issuer: Issuer, verifier: JwksTokenVerifier, clock: StoppedClock
) -> None:
    await verifier.verify(token())
    issuer.status = 500
    clock.advance(3599)
    assert await is_accepted(verifier)
    await settle(verifier)
    clock.advance(1)

    with pytest.raises(TokenVerificationUnavailable):
        await verifier.verify(token())
    with pytest.raises(TokenVerificationUnavailable):
        await verifier.check()


async def test_keys_older_than_an_hour_are_fetched_before_a_token_is_verified(
    issuer: Issuer, verifier: JwksTokenVerifier, clock: StoppedClock
) -> None:
    await verifier.verify(token())
    issuer.publish(NEW_KEY)
    clock.advance(3600)

    assert not await is_accepted(verifier)
    assert await is_accepted(verifier, NEW_KEY)


async def test_a_token_of_a_new_key_is_accepted_at_once(issuer: Issuer, verifier: JwksTokenVerifier) -> None:
    await verifier.verify(token())
    issuer.publish(KEY, NEW_KEY)

    assert await is_accepted(verifier, NEW_KEY)
    assert await is_accepted(verifier)


@pytest.mark.parametrize(
    "replacement", [NEW_KEY, SigningKey.generate(kid=KEY.kid)], ids=["another", "of the same name"]
)
async def test_a_cached_token_is_refused_when_its_key_is_no_longer_published(
    issuer: Issuer, verifier: JwksTokenVerifier, clock: StoppedClock, replacement: SigningKey
) -> None:
    known = token()
    await verifier.verify(known)
    issuer.publish(replacement)
    clock.advance(300)
    await verifier.verify(known)
    await settle(verifier)

    with pytest.raises(TokenRejected):
        await verifier.verify(known)


async def test_fetches_for_unknown_keys_are_10_seconds_apart(
    issuer: Issuer, verifier: JwksTokenVerifier, clock: StoppedClock
) -> None:
    unknown_keys = [SigningKey.generate("ES256", kid=str(number)) for number in range(200)]
    await verifier.check()

    flood = await asyncio.gather(*(is_accepted(verifier, key) for key in unknown_keys))
    later = [await is_accepted(verifier, key) for key in unknown_keys[:20]]
    assert (issuer.fetches, any(flood), any(later)) == (2, False, False)

    clock.advance(9.9)
    await is_accepted(verifier, unknown_keys[0])
    assert issuer.fetches == 2

    clock.advance(0.1)
    await is_accepted(verifier, unknown_keys[0])
    assert issuer.fetches == 3


async def test_joining_a_fetch_does_not_delay_the_next_one_for_unknown_keys(
    issuer: Issuer, verifier: JwksTokenVerifier, clock: StoppedClock
) -> None:
    await verifier.check()
    clock.advance(300)
    await settle(verifier)
    issuer.publish(KEY, NEW_KEY)

    assert await is_accepted(verifier, NEW_KEY)
    assert issuer.fetches == 3


async def test_a_flood_of_unknown_keys_does_not_stop_tokens_of_known_ones(
    issuer: Issuer, verifier: JwksTokenVerifier
) -> None:
    await verifier.verify(token())
    issuer.open.clear()
    issuer.requested.clear()
    flood = asyncio.create_task(is_accepted(verifier, NEW_KEY))
    await issuer.requested.wait()

    assert await is_accepted(verifier)

    issuer.open.set()
    assert not await flood


async def test_concurrent_callers_share_one_fetch(issuer: Issuer, verifier: JwksTokenVerifier) -> None:
    accepted = await asyncio.gather(*(is_accepted(verifier) for _ in range(50)))

    assert (all(accepted), issuer.fetches) == (True, 1)


async def test_a_cancelled_caller_does_not_cancel_the_fetch_for_others(
    issuer: Issuer, verifier: JwksTokenVerifier
) -> None:
    issuer.open.clear()
    impatient, patient = (asyncio.create_task(verifier.verify(token())) for _ in range(2))
    await issuer.requested.wait()

    impatient.cancel()
    await asyncio.wait([impatient])
    issuer.open.set()

    assert (await patient).user_id == "alice"
    assert impatient.cancelled()
    assert issuer.fetches == 1


def redirects(issuer: Issuer) -> None:
    issuer.status, issuer.headers = 302, {"location": f"http://{issuer.address}/elsewhere"}


def responds_with(status: int) -> Callable[[Issuer], None]:
    return lambda issuer: setattr(issuer, "status", status)


def publishes(body: bytes) -> Callable[[Issuer], None]:
    return lambda issuer: setattr(issuer, "body", body)


def publishes_keys(*keys: Any) -> Callable[[Issuer], None]:
    return publishes(json.dumps({"keys": keys}).encode())


def compresses(issuer: Issuer) -> None:
    issuer.headers = {"content-encoding": "gzip"}
    issuer.body = gzip.compress(issuer.body)


def never_ends(issuer: Issuer) -> None:
    issuer.endless = b" " * 65536


def declares_too_little(issuer: Issuer) -> None:
    issuer.headers = {"content-length": str(len(issuer.body) + 1)}


def responds_without_http(issuer: Issuer) -> None:
    issuer.headers = {"\0": "\0"}


BREAKAGES = pytest.mark.parametrize(
    "breaks",
    [
        pytest.param(responds_with(500), id="an error"),
        pytest.param(responds_with(404), id="not found"),
        pytest.param(responds_with(203), id="another success"),
        pytest.param(redirects, id="a redirect"),
        pytest.param(publishes(b""), id="nothing"),
        pytest.param(publishes(b"<html>a captive portal</html>"), id="a page"),
        pytest.param(publishes(b'{"keys": [{}'), id="a part of a response"),
        pytest.param(publishes(b"[]"), id="a list"),
        pytest.param(publishes(b'{"keys": {}}'), id="keys that are not a list"),
        pytest.param(publishes_keys(), id="no keys"),
        pytest.param(publishes_keys({**KEY.jwk, "use": "enc"}), id="no usable key"),
        pytest.param(publishes_keys({"kid": "k1", "kty": "oct", "k": "c2VjcmV0"}), id="a symmetric key"),
        pytest.param(publishes_keys(*({**KEY.jwk, "kid": str(n)} for n in range(101))), id="101 keys"),
        pytest.param(publishes(b" " * (MAX_BYTES + 1)), id="256 KiB and a byte"),
        pytest.param(never_ends, id="an endless response"),
        pytest.param(compresses, id="a compressed response"),
        pytest.param(declares_too_little, id="a truncated response"),
        pytest.param(responds_without_http, id="no HTTP"),
    ],
)


@BREAKAGES
async def test_without_keys_verification_is_unavailable_until_a_fetch_succeeds(
    issuer: Issuer, verifier: JwksTokenVerifier, clock: StoppedClock, breaks: Callable[[Issuer], None]
) -> None:
    good = issuer.body
    breaks(issuer)

    with pytest.raises(TokenVerificationUnavailable):
        await verifier.verify(token())
    with pytest.raises(TokenVerificationUnavailable):
        await verifier.check()
    assert issuer.paths == ["/api/auth/jwks"]

    issuer.status, issuer.headers, issuer.body, issuer.endless = 200, {}, good, b""
    clock.advance(5)
    await verifier.check()
    assert await is_accepted(verifier)


@BREAKAGES
async def test_usable_keys_are_not_replaced_after_a_failed_fetch(
    issuer: Issuer, verifier: JwksTokenVerifier, clock: StoppedClock, breaks: Callable[[Issuer], None]
) -> None:
    await verifier.check()
    breaks(issuer)
    clock.advance(300)

    assert await is_accepted(verifier)
    await settle(verifier)
    assert await is_accepted(verifier)
    assert issuer.paths == ["/api/auth/jwks"] * 2


async def test_there_is_no_fetch_within_5_seconds_of_a_failure(
    issuer: Issuer, verifier: JwksTokenVerifier, clock: StoppedClock
) -> None:
    issuer.status = 500

    async def fetches_after(seconds: float) -> int:
        clock.advance(seconds)
        with pytest.raises(TokenVerificationUnavailable):
            await verifier.verify(token())
        return issuer.fetches

    assert [await fetches_after(seconds) for seconds in (0, 0, 4.9, 0.1, 4.9, 0.1)] == [1, 1, 1, 2, 2, 3]


async def test_an_unknown_key_is_unavailable_and_not_refused_while_keys_can_not_be_fetched(
    issuer: Issuer, verifier: JwksTokenVerifier, clock: StoppedClock
) -> None:
    unknown = SigningKey.generate("ES256", kid="unknown")
    await verifier.check()
    issuer.status = 500

    for _ in range(2):
        with pytest.raises(TokenVerificationUnavailable):
            await is_accepted(verifier, unknown)
        clock.advance(7)
    issuer.status = 200
    clock.advance(10)

    assert not await is_accepted(verifier, unknown)


async def test_there_is_no_fetch_for_unknown_keys_after_a_failure_either(
    issuer: Issuer, verifier: JwksTokenVerifier, clock: StoppedClock
) -> None:
    await verifier.check()
    issuer.status = 500
    await settle(verifier)
    clock.advance(4.9)
    await settle(verifier)

    assert issuer.fetches == 2


async def test_a_response_may_have_256_kib(issuer: Issuer, verifier: JwksTokenVerifier) -> None:
    issuer.body = issuer.body.ljust(MAX_BYTES)

    assert await is_accepted(verifier)


@pytest.mark.parametrize("drip", [b"", b" "], ids=["silent", "dripping"])
async def test_a_fetch_ends_at_its_timeout(issuer: Issuer, clock: StoppedClock, drip: bytes) -> None:
    issuer.endless = drip
    if not drip:
        issuer.open.clear()
    brief = JwksTokenVerifier(issuer.jwks_url, clock, issuer=URL, audience=URL, timeout_seconds=0.05)

    async with brief as verifier, asyncio.timeout(5):
        with pytest.raises(TokenVerificationUnavailable):
            await verifier.verify(token())


async def test_an_unreachable_issuer_counts_as_a_failed_fetch(issuer: Issuer, clock: StoppedClock) -> None:
    async with Issuer().running() as gone:
        url = gone.jwks_url

    async with JwksTokenVerifier(url, clock, issuer=URL, audience=URL) as verifier:
        with pytest.raises(TokenVerificationUnavailable):
            await verifier.check()

    assert issuer.fetches == 0


async def test_the_log_of_a_failed_fetch_has_the_address_and_at_most_200_characters_of_the_cause(
    clock: StoppedClock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> bytes:
        raise ValueError("x" * 1000)

    monkeypatch.setattr(KeySource, "_get", fail)

    async with JwksTokenVerifier("http://127.0.0.1:1/jwks", clock, issuer=URL, audience=URL) as unreachable:
        with pytest.raises(TokenVerificationUnavailable):
            await unreachable.check()

    (record,) = caplog.records
    assert record.getMessage() == "the signing keys can't be fetched"
    cause = repr(ValueError("x" * 1000))[:200]
    assert vars(record)["fields"] == {"url": "http://127.0.0.1:1/jwks", "reason": cause}


async def test_each_fetch_of_keys_is_logged_with_whether_they_changed(
    issuer: Issuer, verifier: JwksTokenVerifier, clock: StoppedClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "todo_adapters")

    await verifier.check()
    clock.advance(3600)
    await verifier.check()
    issuer.publish(KEY, NEW_KEY)
    clock.advance(3600)
    await verifier.check()

    lines = [(record.getMessage(), vars(record)["fields"]) for record in caplog.records]
    assert lines == [
        ("signing keys fetched", {"count": 1, "changed": True}),
        ("signing keys fetched", {"count": 1, "changed": False}),
        ("signing keys fetched", {"count": 2, "changed": True}),
    ]


async def test_closing_ends_the_fetch_in_progress(issuer: Issuer, clock: StoppedClock) -> None:
    issuer.open.clear()

    async with JwksTokenVerifier(issuer.jwks_url, clock, issuer=URL, audience=URL) as verifier:
        waiting = asyncio.create_task(verifier.verify(token()))
        await issuer.requested.wait()

    with pytest.raises(TokenVerificationUnavailable):
        await waiting


async def test_loopback_is_not_fetched_through_a_proxy(
    monkeypatch: pytest.MonkeyPatch, issuer: Issuer, clock: StoppedClock
) -> None:
    async with Issuer().running() as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://{proxy.address}")

        async with JwksTokenVerifier(issuer.jwks_url, clock, issuer=URL, audience=URL) as verifier:
            await verifier.check()

    assert (issuer.fetches, proxy.fetches) == (1, 0)


@pytest.mark.parametrize(
    "url",
    ["https://auth.example/jwks", "http://localhost:3000/jwks", "http://127.0.0.2/jwks", "http://[::1]:3000/jwks"],
)
async def test_keys_are_fetched_over_https_or_from_loopback(clock: StoppedClock, url: str) -> None:
    async with JwksTokenVerifier(url, clock, issuer=URL, audience=URL) as verifier:
        assert isinstance(verifier, JwksTokenVerifier)


@pytest.mark.parametrize(
    "url",
    [
        "http://auth.example/jwks",
        "http://127.0.0.1.evil.example/jwks",
        "http://localhost.evil.example/jwks",
        "http://10.0.0.1/jwks",
        "ftp://localhost/jwks",
        "file:///etc/passwd",
        "https:///jwks",
        "/api/auth/jwks",
        "",
        "https://auth.example:port/jwks",
        "https://user:password@auth.example/jwks",
    ],
)
def test_other_addresses_of_keys_are_refused(clock: StoppedClock, url: str) -> None:
    with pytest.raises(ValueError, match="the address of a key set must"):
        JwksTokenVerifier(url, clock, issuer=URL, audience=URL)
