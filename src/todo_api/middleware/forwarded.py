"""Read the scheme and the address of the client from the headers of trusted proxies."""

from collections.abc import Awaitable, Sequence
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

_PROTO: Final = b"x-forwarded-proto"


class ForwardedHeaders:
    """Sets the scheme and the client address from the headers of trusted proxies.

    With several proxies, `X-Forwarded-Proto` is a list: its first element is the scheme
    that the client used, in any case. uvicorn's middleware decides which proxies are
    trusted, but accepts only one element in lower case.
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
