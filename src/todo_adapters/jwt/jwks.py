"""Tokens signed with keys that the issuer (such as a Better Auth server) publishes."""

import time
from collections.abc import Callable, Mapping
from math import inf
from typing import Self

from todo_adapters.jwt.cache import TokenCache
from todo_adapters.jwt.claims import ClaimRules
from todo_adapters.jwt.compact import ACCESS_TYPES, SESSION_TYPES, CompactToken
from todo_adapters.jwt.key_set import ALGORITHMS, PublicKey
from todo_adapters.jwt.key_source import KeySource, ObserveFetch
from todo_domain import Clock, NotOpen, Principal, TokenRejected


class JwksTokenVerifier:
    """A TokenVerifier for EdDSA, ES256, ES512, RS256 and PS256 with the keys at a URL.

    `kid`, `iss` and `aud` are required. With `accept_subject`, a token without
    `user_id` names its user in `sub`. With `accept_access_tokens`, OAuth access tokens
    (`at+jwt`) are accepted too, whatever their scopes, except those that are also for
    `refused_audience`. Nothing is fetched before the first token. `KeySource` describes how
    keys are fetched, `monotonic`, `timeout_seconds` and `observe`. Raises ValueError for a
    URL that `KeySource` refuses.
    """

    def __init__(  # noqa: PLR0913 - settings, passed by name
        self,
        url: str,
        clock: Clock,
        *,
        issuer: str,
        audience: str,
        accept_subject: bool = False,
        accept_access_tokens: bool = False,
        refused_audience: str | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        timeout_seconds: float = 3.0,
        observe: ObserveFetch | None = None,
    ) -> None:
        self._clock = clock
        self._rules = ClaimRules(issuer, audience, accept_subject, refused_audience)
        self._types = SESSION_TYPES + ACCESS_TYPES if accept_access_tokens else SESSION_TYPES
        self._cache = TokenCache()
        self._source = KeySource(
            url,
            on_change=self._cache.clear,
            monotonic=monotonic,
            timeout_seconds=timeout_seconds,
            observe=observe,
        )
        self._is_open = False

    async def __aenter__(self) -> Self:
        """Open the verifier. Nothing is fetched yet."""
        self._source.open()
        self._is_open = True
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close all connections. Calls in progress that need a key raise TokenVerificationUnavailable."""
        self._is_open = False
        await self._source.close()
        self._cache.clear()

    async def verify(self, token: str) -> Principal:
        """See TokenVerifier."""
        if not self._is_open:
            raise NotOpen(self)
        known = self._cache.get(token)
        if known and not self._source.is_fresh:
            # If the keys have changed, this clears the cache.
            await self._source.current()
            known = self._cache.get(token)
        if known:
            return known.principal_at(self._clock.now())
        signed = CompactToken.parse(token, ALGORITHMS, self._types)
        key = await self._key_of(signed)
        if not key.verifies(signed.signing_input, signed.signature):
            raise TokenRejected("the signature does not match the key of this kid")
        verified = self._rules.read(signed.payload)
        principal = verified.principal_at(self._clock.now())
        self._cache.put(token, verified)
        return principal

    async def check(self) -> None:
        """See TokenVerifier."""
        if not self._is_open:
            raise NotOpen(self)
        await self._source.current()

    def figures(self) -> Mapping[tuple[str, str], float]:
        """Return the age of the keys, by name and part; nothing before they are fetched."""
        age = self._source.age_seconds
        return {("keys_age_seconds", ""): age} if age < inf else {}

    async def _key_of(self, signed: CompactToken) -> PublicKey:
        if signed.key_id is None:
            raise TokenRejected("the header has no kid")
        keys = await self._source.current()
        if signed.key_id not in keys:
            keys = await self._source.renewed()
        key = keys.get(signed.key_id)
        if key is None or key.algorithm != signed.algorithm:
            raise TokenRejected("the issuer has no key of this kid and alg")
        return key
