"""The rules for the claims of a token with a valid signature (RFC 7519 §4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from todo_adapters.jwt.encoding import read_json_object
from todo_domain import ALL_SCOPES, Principal, RuleViolated, Scope, TokenRejected, UserId

LEEWAY: Final = timedelta(seconds=30)
MAX_LIFE: Final = timedelta(days=31)
_EPOCH = datetime.fromtimestamp(0, UTC)
_LAST_INSTANT = datetime.max.replace(tzinfo=UTC)
_LAST_SECOND = 253_402_300_799  # of the year 9999, the last that a datetime can hold


class VerifiedToken:
    """The principal that a signed token names, and the period in which the token is valid.

    It can be cached, because it never changes. `principal_at` compares the period with the time at every use.
    """

    def __init__(self, principal: Principal, not_before: datetime) -> None:
        self._principal = principal
        # Every request compares these times, so they are computed once.
        self._within_max_life_from = principal.expires_at - MAX_LIFE
        self._begins = max(self._within_max_life_from, not_before - LEEWAY)
        self._ends = min(principal.expires_at, _LAST_INSTANT - LEEWAY) + LEEWAY

    def principal_at(self, now: datetime) -> Principal:
        """Return the principal if the token is valid now, with 30 s of leeway; else raise TokenRejected."""
        if self._begins <= now < self._ends:
            return self._principal
        if now >= self._ends:
            raise TokenRejected("the token has expired")
        if now < self._within_max_life_from:
            raise TokenRejected(f"the token is valid for more than {MAX_LIFE.days} days")
        raise TokenRejected("the token is not valid yet")


@dataclass(frozen=True, slots=True)
class ClaimRules:
    """The required claims; an issuer or audience of None is not checked.

    Only the claim `user_id` names the user. With `accept_subject`, a token without
    `user_id` names its user in `sub`. A token that is also for `refused_audience` is refused.
    """

    issuer: str | None = None
    audience: str | None = None
    accept_subject: bool = False
    refused_audience: str | None = None

    def read(self, payload: bytes) -> VerifiedToken:
        """Check the claims in a payload; raise TokenRejected if a claim is wrong, whatever the time."""
        try:
            claims = read_json_object(payload)
        except ValueError:
            raise TokenRejected("the payload is not a JSON object") from None
        self._check_origin(claims)
        if "exp" not in claims:
            raise TokenRejected("the token never expires")
        issued_at = _time(claims, "iat")
        principal = Principal(self.user_of(claims), _time(claims, "exp"), self.scopes_of(claims), issued_at)
        return VerifiedToken(principal, not_before=max(_time(claims, "nbf"), issued_at))

    def _check_origin(self, claims: Mapping[str, Any]) -> None:
        if self.issuer is not None and claims.get("iss") != self.issuer:
            raise TokenRejected("the token has another issuer")
        audience = claims.get("aud")
        # A single audience may be a string instead of a list (RFC 7519 §4.1.3).
        audiences = audience if isinstance(audience, list) else [audience]
        if self.audience is not None and self.audience not in audiences:
            raise TokenRejected("the token is for another audience")
        if self.refused_audience is not None and self.refused_audience in audiences:
            raise TokenRejected("the token is for assistants")

    def user_of(self, claims: Mapping[str, Any]) -> UserId:
        """Return the user that the claims name; raise TokenRejected if they name none, or two."""
        if "user_id" in claims:
            named = claims["user_id"]
            if claims.get("sub", named) != named:
                raise TokenRejected("user_id and sub differ")
        elif "sub" not in claims:
            raise TokenRejected("the token has neither user_id nor sub")
        elif self.accept_subject:
            named = claims["sub"]
        else:
            raise TokenRejected("the token has sub but no user_id, and TODO_USER_FROM_SUB is not set")
        try:
            return UserId(named)
        except RuleViolated:
            raise TokenRejected("the token's user is not a user id") from None

    def scopes_of(self, _: Mapping[str, Any]) -> frozenset[Scope]:
        """Return the scopes: a session token has all of them."""
        return ALL_SCOPES


def _time(claims: Mapping[str, Any], name: str) -> datetime:
    """Return the time in a claim, or the epoch if the claim is absent."""
    seconds = claims.get(name, 0)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= _LAST_SECOND:
        raise TokenRejected(f"{name} is not a number of seconds since 1970")
    return _EPOCH + timedelta(seconds=seconds)
