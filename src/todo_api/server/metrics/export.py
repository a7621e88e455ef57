"""The export of one worker: once a second, it writes its values where the parent reads them."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Final

from uvicorn.server import ServerState

from todo_api.container import Container
from todo_api.server.connections import Connections
from todo_api.server.metrics.samples import samples

EXPORT_SECONDS: Final = 1.0


class Exporter:
    """Writes the values of a worker to files in a directory. The parent makes it, and the worker starts it.

    If the worker is killed, the counts of its last second are lost.
    """

    def __init__(self, directory: Path, worker: int) -> None:
        self._directory = directory
        self._worker = worker

    def start(self, container: Container, server_state: ServerState, connections: Connections) -> None:
        """Begin to export."""
        # Only with metrics: otherwise no process imports prometheus-client.
        from todo_api.server.metrics.files import MetricFiles  # noqa: PLC0415 - see above

        self._files = MetricFiles(self._directory, self._worker)
        self._samples = partial(samples, container, server_state, connections)
        self._loop = asyncio.get_running_loop()
        self._export()

    def stop(self) -> None:
        """Export the last values."""
        self._timer.cancel()
        self._files.write(self._samples())
        self._files.close()

    def _export(self) -> None:
        self._timer = self._loop.call_later(EXPORT_SECONDS, self._export)
        self._files.write(self._samples())
