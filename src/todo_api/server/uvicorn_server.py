"""uvicorn's server with our own acceptor, and an end that takes a bounded time.

Depends on internals of uvicorn's `Server`; test_uvicorn_protocol.py names them.
"""

import asyncio
import logging
import os
import socket
import sys
import threading
from contextlib import suppress
from types import FrameType
from typing import Any, Final

import uvicorn
from uvicorn.config import STARTUP_FAILURE

from todo_api.server.acceptor import Acceptor
from todo_api.server.connections import Connections, Limits
from todo_api.server.metrics.export import Exporter
from todo_api.server.uvicorn_protocol import HttpProtocol

# All of these together are less than the ten seconds after which container runtimes kill a process.
FINISH_SECONDS: Final = 7
"""How long requests in progress may take when the server stops."""
_CUT_SECONDS: Final = 0.5
_CLOSE_SECONDS: Final = 1.5
END_SECONDS: Final = 9.5
"""How long a process may take to end; then it ends at once, with a failure."""
_log: Final = logging.getLogger(__name__)


class Server(uvicorn.Server):
    """Serves the connections of listening sockets within limits.

    At its end it finishes the requests in progress. After FINISH_SECONDS it cuts them: a
    request without a response gets a problem document.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        limits: Limits,
        finish_seconds: float = FINISH_SECONDS,
        exporter: Exporter | None = None,
    ) -> None:
        super().__init__(config)
        self._limits = limits
        self._finish_seconds = finish_seconds
        self._exporter = exporter

    @property
    def exit_status(self) -> int:
        """The exit status of the process, which the app may set."""
        app: Any = self.config.loaded_app
        status: int = app.container.shutdown().exit_status
        return status

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin the end, and bound its time whatever hangs."""
        with suppress(RuntimeError):  # it runs since an earlier signal
            self._deadline.start()
        super().handle_exit(sig, frame)

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until a signal arrives."""
        self._deadline = threading.Timer(END_SECONDS, _end_process)
        self._deadline.daemon = True
        try:
            super().run(sockets)
        finally:
            self._deadline.cancel()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the app, and accept connections."""
        await self.lifespan.startup()
        if self.lifespan.should_exit:
            sys.exit(STARTUP_FAILURE)
        self._connections = connections = Connections(self._limits)
        self._acceptors: list[Acceptor] = []

        def make_protocol() -> HttpProtocol:
            return HttpProtocol(self.config, self.server_state, self.lifespan.state, connections=connections)

        for listener in sockets or []:
            acceptor = Acceptor(listener, make_protocol, connections, self.server_state.connections, self.config.ssl)
            self._acceptors.append(acceptor)
        if self._exporter:
            app: Any = self.config.loaded_app
            self._exporter.start(app.container, self.server_state, connections)
        self.servers = self._acceptors  # type: ignore[assignment]  # as much of a server as uvicorn uses
        self.started = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop accepting, finish or cut the requests in progress, and end the app."""
        for acceptor in self._acceptors:
            acceptor.close()
        for listener in sockets or []:
            listener.close()
        for acceptor in self._acceptors:
            await acceptor.wait_opened()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        try:
            async with asyncio.timeout(self._finish_seconds):
                await self._wait_tasks_to_complete()
        except TimeoutError:
            await self._cut_requests()
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self.lifespan.shutdown()
        self._connections.close()
        if self._exporter:
            self._exporter.stop()

    async def _cut_requests(self) -> None:
        connections, tasks = list(self.server_state.connections), list(self.server_state.tasks)
        _log.warning("requests cut", extra={"fields": {"connections": len(connections), "requests": len(tasks)}})
        for connection in connections:
            connection.cut()  # type: ignore[union-attr]  # all are ours
        for task in tasks:
            task.cancel()
        await asyncio.wait([*tasks, asyncio.create_task(asyncio.sleep(0.1))], timeout=_CUT_SECONDS)


def _end_process() -> None:  # pragma: no cover - nothing is measured after it
    _log.error("the process did not end in time")
    logging.shutdown()
    os._exit(1)
