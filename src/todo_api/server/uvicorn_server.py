"""uvicorn's server with our own acceptor, and an end that takes a bounded time.

Depends on internals of uvicorn's `Server`; test_uvicorn_protocol.py names them.
"""

import socket
import sys

import uvicorn
from uvicorn.config import STARTUP_FAILURE

from todo_api.server.acceptor import Acceptor
from todo_api.server.connections import Connections, Limits
from todo_api.server.uvicorn_protocol import HttpProtocol


class Server(uvicorn.Server):
    """Serves the connections of listening sockets within limits."""

    def __init__(self, config: uvicorn.Config, limits: Limits) -> None:
        super().__init__(config)
        self._limits = limits

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the app, and accept connections."""
        await self.lifespan.startup()
        if self.lifespan.should_exit:
            sys.exit(STARTUP_FAILURE)
        self._connections = connections = Connections(self._limits)

        self.servers = []

        def make_protocol() -> HttpProtocol:
            return HttpProtocol(self.config, self.server_state, self.lifespan.state, connections=connections)

        for listener in sockets or []:
            acceptor = Acceptor(listener, make_protocol, connections, self.server_state.connections, self.config.ssl)
            self.servers.append(acceptor)  # type: ignore[arg-type]  # as much of a server as uvicorn uses
        self.started = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop accepting, finish the requests in progress, and end the app."""
        await super().shutdown(sockets)
        self._connections.close()
