"""OAuth access tokens, which a user has granted to an application for one resource (RFC 9068)."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from todo_adapters.jwt.claims import ClaimRules
from todo_adapters.jwt.compact import ACCESS_TYPES
from todo_adapters.jwt.jwks import JwksTokenVerifier
from todo_adapters.jwt.key_source import ObserveFetch
from todo_domain import Clock, Scope, TokenRejected, UserId

_GRANTED = (Scope.TASKS_READ, Scope.TASKS_WRITE)


class OAuthTokenVerifier(JwksTokenVerifier):
    """A TokenVerifier for OAuth access tokens with the keys at a URL; `JwksTokenVerifier` says how it gets them.

    `typ` must be `at+jwt`. `iss` must be the issuer, and `aud` must have the resource. `sub` names
    the user, and `scope` has the scopes.
    """

    def __init__(  # noqa: PLR0913 - settings, passed by name
        self,
        url: str,
        clock: Clock,
        *,
        issuer: str,
        resource: str,
        monotonic: Callable[[], float] = time.monotonic,
        timeout_seconds: float = 3.0,
        observe: ObserveFetch | None = None,
    ) -> None:
        super().__init__(
            url,
            clock,
            issuer=issuer,
            audience=resource,
            monotonic=monotonic,
            timeout_seconds=timeout_seconds,
            observe=observe,
        )
        self._rules = _OAuthClaimRules(issuer, resource, accept_subject=True)
        self._types = ACCESS_TYPES


class _OAuthClaimRules(ClaimRules):
    def user_of(self, claims: Mapping[str, Any]) -> UserId:
        """Return the user in `sub`.

        Raises TokenRejected for a token that a client got for itself, whose `sub` is the client (RFC 9068 §2.2), and
        for one that is bound to a key of its client (RFC 9449 §6), because the request does not prove that key.
        """
        if "sub" not in claims or not isinstance(client := claims.get("client_id"), str):
            raise TokenRejected("the token has no sub, or its client_id is not text")
        if claims["sub"] == client:
            raise TokenRejected("the token represents a client, not a user")
        if "cnf" in claims:
            raise TokenRejected("the token is bound to a key of its client")
        return super().user_of(claims)

    def scopes_of(self, claims: Mapping[str, Any]) -> frozenset[Scope]:
        """Return the scopes of tasks in `scope`; all others, such as `openid`, concern the issuer only."""
        scope = claims.get("scope", "")
        if not isinstance(scope, str):
            raise TokenRejected("the token's scope is not text")
        named = scope.split(" ")
        return frozenset(scope for scope in _GRANTED if scope in named)
