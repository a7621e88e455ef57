import socket
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def _no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail a unit test that opens a socket. The event loop's own socket pair is allowed: the system creates it."""
    wrap = socket.socket.__init__

    def wrap_only(self: socket.socket, family: int = -1, type: int = -1, proto: int = -1, fileno: Any = None) -> None:
        if fileno is None:
            pytest.fail("A unit test must not open a socket.")
        wrap(self, family, type, proto, fileno)

    monkeypatch.setattr(socket.socket, "__init__", wrap_only)
