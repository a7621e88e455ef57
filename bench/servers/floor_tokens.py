"""The floor's authentication: a token is verified once and cached until it expires."""

import json
import os
import time
import urllib.request
from functools import cache
from typing import Any

import jwt

_MOST_TOKENS = 10_000
_REQUIRED = {"require": ["exp"]}
_remembered: dict[bytes, tuple[str, float]] = {}


def user_of(authorization: bytes) -> str | None:
    """Return the user of an Authorization header, or None."""
    known = _remembered.get(authorization)
    if known and known[1] > time.time():
        return known[0]
    _remembered.pop(authorization, None)
    scheme, _, token = authorization.partition(b" ")
    if scheme.lower() != b"bearer":
        return None
    try:
        claims = _claims(token.strip())
    except jwt.PyJWTError:
        return None
    user = claims.get("user_id")
    if not isinstance(user, str):
        return None
    if len(_remembered) >= _MOST_TOKENS:
        _remembered.clear()
    _remembered[authorization] = user, claims["exp"]
    return user


def _claims(token: bytes) -> dict[str, Any]:
    url = os.environ.get("BETTER_AUTH_URL")
    if url:
        return jwt.decode(token, _public_key(url), ["EdDSA"], issuer=url, audience=url, options=_REQUIRED)  # type: ignore[arg-type]
    return jwt.decode(token, os.environ["BETTER_AUTH_SECRET"], ["HS256"], options=_REQUIRED)  # type: ignore[arg-type]


@cache
def _public_key(url: str) -> jwt.PyJWK:
    with urllib.request.urlopen(f"{url}/api/auth/jwks") as response:
        return jwt.PyJWK(json.load(response)["keys"][0])
