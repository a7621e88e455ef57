"""`/metrics` on a listener of its own, which the parent process serves in a thread."""

import logging
import os
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.server import ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from urllib.parse import urlsplit

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.exposition import MetricsHandler
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

_MEMORY: Final = "/dev/shm"  # noqa: S108 - the directory in it has a random name and mode 0700
_POLL_SECONDS: Final = 0.1
_log: Final = logging.getLogger(__name__)

Pids = Callable[[], Mapping[int, int | None]]
"""Returns the process of each worker by its number; None for a worker that does not run."""


@contextmanager
def served_metrics(listener: socket.socket, pids: Pids) -> Iterator[Path]:
    """Serve `/metrics`, and yield the directory in which the workers write their values.

    It is in memory if the system has a directory for that: with a full disk, a write to a
    mapped file would kill the worker.
    """
    memory = _MEMORY if os.access(_MEMORY, os.W_OK) else None
    with TemporaryDirectory(prefix="todo-metrics-", dir=memory) as directory:
        registry = CollectorRegistry()
        registry.register(_Values(directory, pids))
        registry.register(_Processes(pids))
        with _Server(listener, _Handler.factory(registry)) as server:
            threading.Thread(target=server.serve_forever, args=(_POLL_SECONDS,), name="metrics", daemon=True).start()
            try:
                yield Path(directory)
            finally:
                server.shutdown()


class _Values(Collector):
    """The values of all workers. The gauges of a worker that does not run are removed."""

    def __init__(self, directory: str, pids: Pids) -> None:
        self._directory = directory
        self._pids = pids
        self._files = MultiProcessCollector(None, directory)

    def collect(self) -> Iterable[Metric]:
        for worker, pid in self._pids().items():
            if pid is None:
                mark_process_dead(worker, self._directory)
        values: Iterable[Metric] = self._files.collect()
        return values


class _Processes(Collector):
    """The figures of the system about the parent and the workers."""

    def __init__(self, pids: Pids) -> None:
        self._pids = pids

    def collect(self) -> Iterable[Metric]:
        processes = {os.getpid(): "parent"}
        processes |= {pid: f"worker-{number}" for number, pid in self._pids().items() if pid}
        families: dict[str, Metric] = {}
        for pid, name in processes.items():
            for found in ProcessCollector(pid=partial(int, pid), registry=None).collect():
                family = families.setdefault(found.name, Metric(found.name, found.documentation, found.type))
                for sample in found.samples:
                    family.add_sample(sample.name, {"process": name}, sample.value)
        return families.values()


class _Handler(MetricsHandler):
    """Responds to `GET /metrics` only; ends a connection that sends no request."""

    timeout = 10

    def do_GET(self) -> None:  # noqa: N802 - the name that http.server calls
        if urlsplit(self.path).path == "/metrics":
            super().do_GET()
        else:
            self.send_error(HTTPStatus.NOT_FOUND)


class _Server(ThreadingHTTPServer):
    """A server on a socket that listens already."""

    def __init__(self, listener: socket.socket, handler: type[MetricsHandler]) -> None:
        super().__init__(listener.getsockname(), handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener

    def handle_error(self, *_: Any) -> None:
        """Log the error of a request, such as that of a client that has disconnected."""
        _log.warning("the metrics were not sent", exc_info=True)
