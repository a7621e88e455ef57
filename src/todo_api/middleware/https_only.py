"""Require HTTPS in production."""

from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from todo_api.addresses import is_loopback
from todo_api.http.problems import HTTPS_REQUIRED, ProblemError, problem_response

_HSTS: Final = (b"strict-transport-security", b"max-age=31536000")
_HEALTH: Final = frozenset({"/health", "/health/ready"})
_PROTO: Final = b"x-forwarded-proto"
_MAX_SHOWN: Final = 40
_FORWARDED: Final = (b"forwarded", b"x-forwarded-")


class HttpsOnly:
    """Adds HSTS (RFC 6797) to responses over HTTPS, and refuses plain HTTP from other machines.

    Health probes, which carry no token, and clients on this machine may use plain HTTP.
    A forwarded request comes from another machine, whatever its address. There is no
    redirect, because a client must notice that it sent its token unencrypted.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["scheme"] == "https":

            async def send_strictly(message: Message) -> None:
                if message["type"] == "http.response.start":
                    message["headers"] = [*message["headers"], _HSTS]
                await send(message)

            await self._app(scope, receive, send_strictly)
        elif scope["path"] in _HEALTH or _is_local(scope):
            await self._app(scope, receive, send)
        else:
            scope["reason"] = f"the scheme was {_scheme_of(scope)}"
            problem = ProblemError(HTTPS_REQUIRED, "use https, and a new token: this one was sent unencrypted")
            await problem_response(Request(scope), problem)(scope, receive, send)


def _scheme_of(scope: Scope) -> str:
    """Return the scheme and the header X-Forwarded-Proto, even if its sender is not trusted."""
    forwarded = [value.decode("latin-1")[:_MAX_SHOWN] for name, value in scope["headers"] if name == _PROTO]
    return f"{scope['scheme']}, X-Forwarded-Proto {forwarded or 'absent'}"


def _is_local(scope: Scope) -> bool:
    forwarded = any(name.startswith(_FORWARDED) for name, _ in scope["headers"])
    return not forwarded and scope["client"] is not None and is_loopback(scope["client"][0])
