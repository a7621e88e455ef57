"""The tokens that the settings accept: the adapters that verify them, and a new token.

The adapters for published keys are imported only when they are used, because the import takes a large part of the
start time.
"""

from datetime import timedelta
from typing import TYPE_CHECKING

from todo_adapters.jwt.shared_secret import SharedSecretTokenVerifier, mint_token
from todo_adapters.system_clock import SystemClock
from todo_api.server.development import development_secret
from todo_api.settings import Settings
from todo_domain import Clock, TokenVerifier, UserId

if TYPE_CHECKING:
    from todo_api.tracing.export import Tracing


def new_session_verifier(settings: Settings, clock: Clock, tracing: "Tracing | None") -> TokenVerifier:
    """Return the verifier of the tokens of users' sessions. Raises ValueError, OSError."""
    if settings.authentication == "jwks":
        from todo_adapters.jwt.jwks import JwksTokenVerifier  # noqa: PLC0415 - see the module

        return JwksTokenVerifier(
            settings.keys_url,
            clock,
            issuer=settings.jwt_issuer or settings.better_auth_origin,
            audience=settings.jwt_audience or settings.better_auth_origin,
            accept_subject=settings.user_from_sub,
            # OAuth access tokens with narrow scopes must not open the API by accident.
            accept_access_tokens=bool(settings.jwks_url and settings.jwt_issuer and settings.jwt_audience),
            refused_audience=settings.mcp_url,
            observe=tracing.calls.fetch if tracing else None,
        )
    return SharedSecretTokenVerifier(
        _secrets(settings),
        clock,
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
        accept_subject=settings.user_from_sub,
    )


def new_oauth_verifier(settings: Settings, clock: Clock, tracing: "Tracing | None") -> TokenVerifier | None:
    """Return the verifier of the OAuth tokens of assistants, None if they have none. Raises ValueError."""
    if not (settings.mcp_url and settings.assistants_issuer):
        return None
    from todo_adapters.jwt.oauth import OAuthTokenVerifier  # noqa: PLC0415 - see the module

    return OAuthTokenVerifier(
        settings.keys_url,
        clock,
        issuer=settings.assistants_issuer,
        resource=settings.mcp_url,
        observe=tracing.calls.fetch if tracing else None,
    )


def mint(settings: Settings, user_id: str, lifetime: timedelta) -> str:
    """Return a token for the user, signed with the current secret. Raises ValueError, including RuleViolated."""
    return mint_token(
        _secrets(settings)[0],
        UserId(user_id),
        SystemClock().now(),
        lifetime,
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
    )


def _secrets(settings: Settings) -> list[str]:
    return settings.secrets() or [development_secret(settings)]
