"""Refuses a client that goes on after a 429, at a tenth of the cost of a new connection."""

import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from starlette.types import Scope

from todo_api.http.problems import ProblemError
from todo_api.server.refusals import refusal

REPEAT_SECONDS: Final = 0.1
"""How long a refusal is repeated: a small part of its `Retry-After`."""
MAX_REMEMBERED: Final = 1000
_AUTHORIZATION: Final = b"\r\nauthorization:"
_ORIGIN: Final = b"\r\norigin:"
"""A browser needs the header fields of CORS, which the app adds."""


class RepeatedRefusals:
    """The refusals of the last moment, by target and token, which is in the target or in its header field.

    A GET that is the first on its connection, and repeats a refused request, gets the same
    document before the connection has a protocol. The log has one line for the document.
    """

    def __init__(self, count: Callable[[str], None], clock: Callable[[], float]) -> None:
        self._count = count
        self._clock = clock
        self._remembered: dict[tuple[bytes, bytes], tuple[float, bytes]] = {}

    def remember(self, scope: Scope, problem: ProblemError) -> None:
        """Repeat the refusal of this request for a moment."""
        target = b"?".join(filter(None, (scope["raw_path"], scope["query_string"])))
        key = target, dict(scope["headers"]).get(b"authorization", b"")
        if self._response(key):
            return
        if len(self._remembered) >= MAX_REMEMBERED:
            self._remembered.clear()
        self._remembered[key] = self._clock() + REPEAT_SECONDS, refusal(problem, scope["client"], scope["path"])

    def refuse(self, accepted: socket.socket, head: bytes) -> bool:
        """Respond to a new connection, and close it, if this head repeats a refused request; return whether it does."""
        response = self._response(_key(head)) if self._remembered else None
        if not response:
            return False
        with suppress(OSError), accepted:
            accepted.recv(len(head))  # Closing a socket with unread data would reset the connection.
            accepted.send(response)
        self._count("refused again")
        return True

    def _response(self, key: tuple[bytes, bytes]) -> bytes | None:
        until, response = self._remembered.get(key, (0.0, None))
        return response if until > self._clock() else None


def _key(head: bytes) -> tuple[bytes, bytes]:
    """Return the target and the header field's token of a GET with a complete head; else empty strings."""
    lower = head.lower()
    method, _, rest = head.partition(b" ")
    if method != b"GET" or not head.endswith(b"\r\n\r\n") or _ORIGIN in lower or lower.count(_AUTHORIZATION) > 1:
        return b"", b""
    begin = lower.find(_AUTHORIZATION)
    token = head[begin + len(_AUTHORIZATION) :].partition(b"\r\n")[0] if begin >= 0 else b""
    return rest.partition(b" ")[0], token.strip(b" \t")
