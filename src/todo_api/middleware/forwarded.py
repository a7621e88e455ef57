"""What a trusted proxy says about the client's connection."""

from collections.abc import Awaitable, Sequence
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

_PROTO: Final = b"x-forwarded-proto"


class ForwardedHeaders:
    """Takes scheme and client address from the headers of trusted proxies.

    Several proxies make `X-Forwarded-Proto` a list, whose first element is the scheme
    that the client used; its case has no meaning. uvicorn's middleware, which decides
    who is trusted, knows one element in lower case.
    """

    def __init__(self, app: ASGIApp, trusted_proxies: Sequence[str]) -> None:
        self._app: ASGIApp = ProxyHeadersMiddleware(app, list(trusted_proxies))  # type: ignore[arg-type,assignment]

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one request."""
        schemes = [value for name, value in scope.get("headers", ()) if name == _PROTO]
        if schemes:
            others = [header for header in scope["headers"] if header[0] != _PROTO]
            scheme = b",".join(schemes).split(b",")[0].strip(b" \t").lower()
            scope["headers"] = [*others, (_PROTO, scheme)]
        return self._app(scope, receive, send)
