"""HEAD for every resource that has GET (RFC 9110 §9.3.2)."""

from collections.abc import Awaitable
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadRequests:
    """Serves HEAD as GET, and sends only the head of the response."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one request."""
        if scope.get("method") != "HEAD":
            return self._app(scope, receive, send)
        return self._serve_head(scope, receive, send)

    async def _serve_head(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["method"] = "GET"
        await self._app(scope, receive, _HeadOnly(scope, send))
        scope["method"] = "HEAD"  # also without a response
        # After the head of the response, the app may have recorded a disconnected client.
        if "status" in scope and scope["status"] < HTTPStatus.BAD_REQUEST:
            scope.pop("error_code", None)


class _HeadOnly:
    """Sends only the head, and ends the response; to the app, the client has then disconnected."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send

    async def __call__(self, message: Message) -> None:
        """Send one message."""
        if message["type"] == "http.response.start":
            self._scope["method"] = "HEAD"
            await self._send(message)
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
