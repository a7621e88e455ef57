"""Tokens signed with a secret that the issuer shares with this service (HS256)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Self

import jwt
from jwt.algorithms import HMACAlgorithm

from todo_adapters.jwt.cache import TokenCache
from todo_adapters.jwt.claims import MAX_LIFE, ClaimRules
from todo_adapters.jwt.compact import CompactToken
from todo_domain import Clock, NotOpen, Principal, TokenRejected, UserId

MIN_SECRET_BYTES: Final = 32
# The default secret of Better Auth and the example of jwt.io are public.
_PUBLISHED_SECRETS = (b"better-auth-secret-12345678901234567890", b"a-string-secret-at-least-256-bits-long")
_ALGORITHM = "HS256"
_HMAC = HMACAlgorithm(HMACAlgorithm.SHA256)


class SharedSecretTokenVerifier:
    """A TokenVerifier for HS256 with one or more secrets. To rotate, add a new secret; later remove the old one.

    A secret must have at least 32 bytes, which are not all the same. It must be neither a
    published example nor a key of another algorithm, such as one in PEM format. Raises
    ValueError, which names the rule and never the secret. `issuer` and `audience`, if
    given, must match `iss` and `aud`. With `accept_subject`, a token without `user_id` names its user in `sub`.
    """

    def __init__(
        self,
        secrets: Sequence[str],
        clock: Clock,
        *,
        issuer: str | None = None,
        audience: str | None = None,
        accept_subject: bool = False,
    ) -> None:
        if not secrets:
            raise ValueError("at least one secret is needed")
        self._secrets = [_accept_secret(secret) for secret in secrets]
        self._clock = clock
        self._rules = ClaimRules(issuer, audience, accept_subject)
        self._cache = TokenCache()
        self._is_open = False

    async def __aenter__(self) -> Self:
        """Open the verifier."""
        self._is_open = True
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the verifier, and forget the tokens that it verified."""
        self._is_open = False
        self._cache.clear()

    async def verify(self, token: str) -> Principal:
        """See TokenVerifier."""
        if not self._is_open:
            raise NotOpen(self)
        now = self._clock.now()
        if known := self._cache.get(token):
            return known.principal_at(now)
        signed = CompactToken.parse(token, [_ALGORITHM])
        if not any(_HMAC.verify(signed.signing_input, secret, signed.signature) for secret in self._secrets):
            raise TokenRejected("the signature does not match any configured secret")
        verified = self._rules.read(signed.payload)
        principal = verified.principal_at(now)
        self._cache.put(token, verified)
        return principal

    async def check(self) -> None:
        """See TokenVerifier. The secrets are always available."""
        if not self._is_open:
            raise NotOpen(self)


def mint_token(  # noqa: PLR0913 - claims, passed by name
    secret: str,
    user_id: UserId,
    at: datetime,
    lifetime: timedelta,
    *,
    issuer: str | None = None,
    audience: str | None = None,
) -> str:
    """Return a token for the user, issued `at` (aware), for development and tests.

    Raises ValueError for a secret that the verifier would refuse, and for a lifetime
    that is not 1 second to 31 days.
    """
    if not timedelta(seconds=1) <= lifetime <= MAX_LIFE:
        raise ValueError(f"a token's lifetime must be 1 second to {MAX_LIFE.days} days")
    issued_at = int(at.timestamp())
    claims = {
        "user_id": user_id,
        "iat": issued_at,
        "exp": issued_at + int(lifetime.total_seconds()),
        **({} if issuer is None else {"iss": issuer}),
        **({} if audience is None else {"aud": audience}),
    }
    return jwt.encode(claims, _accept_secret(secret), _ALGORITHM)


def _accept_secret(secret: str) -> bytes:
    try:
        key = secret.encode()
    except UnicodeEncodeError:
        raise ValueError("a shared secret must be text that UTF-8 can encode") from None
    if len(key) < MIN_SECRET_BYTES:
        raise ValueError(f"a shared secret must have at least {MIN_SECRET_BYTES} bytes")
    if key in _PUBLISHED_SECRETS:
        raise ValueError("a shared secret must not be a published one, such as Better Auth's default")
    if len(set(secret)) == 1:
        raise ValueError("a shared secret must not repeat one character")
    try:
        return _HMAC.prepare_key(key)
    except jwt.InvalidKeyError:
        raise ValueError("a shared secret must not be a key of another algorithm") from None
