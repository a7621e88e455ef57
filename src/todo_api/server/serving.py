"""Run the server. Everything that can prevent its start is checked first and reported in one line."""

import asyncio
import gc
import logging
import multiprocessing
import os
import signal
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final, cast

import uvicorn
from uvicorn.supervisors import ChangeReload

from todo_api.app import App, create_app
from todo_api.container import Container, opened
from todo_api.server.connections import Limits
from todo_api.server.descriptors import connection_limit
from todo_api.server.logs import log_config
from todo_api.server.metrics.export import Exporter
from todo_api.server.store_opening import can_wait
from todo_api.server.systemd import READY, SOCKET, notify
from todo_api.server.uvicorn_server import END_SECONDS, Server
from todo_api.server.workers import Workers
from todo_api.settings import Settings, WrongSetting, read_settings
from todo_domain import StorageUnavailable

_SOURCES: Final = [Path(__file__).parents[2] / name for name in ("todo_domain", "todo_adapters", "todo_api")]
_BACKLOG: Final = 4096
"""Connections that wait to be accepted. Beyond it, a client that connects tries again only after a second."""
_log: Final = logging.getLogger(__name__)


def listen(settings: Settings) -> socket.socket:
    """Return a socket that listens where the settings say. Raises WrongSetting."""
    listener = _listen("TODO_HOST, TODO_PORT", settings.host, settings.port)
    listener.set_inheritable(True)
    return listener


def _listen(names: str, host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise WrongSetting(f"{names}: can't listen on {host} port {port}: {error.strerror}") from None


def base_url(settings: Settings, listener: socket.socket) -> str:
    """Return the server's URL for clients on this machine."""
    return f"http{'s' if settings.ssl_certfile else ''}://{_authority(listener)}"


def _authority(listener: socket.socket) -> str:
    host, port, *_ = listener.getsockname()
    return f"{f'[{host}]' if ':' in host else host}:{port}"


def check_startup(container: Container) -> None:
    """Open all adapters once, as each process will, and close them. Raises WrongSetting, StorageUnavailable.

    A database that is down is not an error: the processes wait for it.
    """

    async def open_and_close() -> None:
        async with opened(container):
            pass

    settings = container.settings()
    if settings.ssl_certfile:
        try:
            tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            tls.load_cert_chain(settings.ssl_certfile, settings.ssl_keyfile, password="")
        except OSError as error:
            raise WrongSetting(f"TODO_SSL_CERTFILE, TODO_SSL_KEYFILE: {error}") from error
    try:
        asyncio.run(open_and_close())
    except StorageUnavailable as error:
        if not can_wait(container, error):
            raise


def app_of_process() -> App:
    """Return the app of a process that does nothing else."""
    app = create_app()
    gc.freeze()  # No collection searches the modules while requests wait: see docs/decisions/0010.
    return app


def run(settings: Settings, listener: socket.socket, url: str, *, reload: bool) -> int:
    """Serve until SIGTERM or SIGINT, then finish the requests in progress, and return the exit status.

    With `reload` or several workers, child processes serve. They read the settings from
    the environment again.
    """
    limits = Limits(connection_limit(settings), settings.keep_alive_seconds)
    config = _config(settings, reload=reload)
    fields = {"url": url, "max_connections": limits.connections}
    _log.info("listening", extra={"fields": fields})
    notify(READY)
    ignore_hangup()
    if reload:
        with _metrics(settings, dict) as exporter_of:
            server = Server(config, limits, exporter=exporter_of(0))
            ChangeReload(config, target=server.run, sockets=[listener]).run()
        return 0
    if settings.workers == 1:
        with _metrics(settings, lambda: {0: os.getpid()}) as exporter_of:
            status = _serve(config, limits, listener, exporter_of(0))
    else:
        spawn = multiprocessing.get_context("spawn")
        workers = Workers(
            lambda number: spawn.Process(target=serve_as_worker, args=(limits, listener, exporter_of(number))),
            settings.workers,
            settings.drain_seconds + END_SECONDS,
            listener,
        )
        with _metrics(settings, workers.pids) as exporter_of:
            status = workers.run()
    _log.info("stopped", extra={"fields": {"exit_status": status}})
    return status


@contextmanager
def _metrics(
    settings: Settings, pids: Callable[[], Mapping[int, int | None]]
) -> Iterator[Callable[[int], Exporter | None]]:
    """Serve the metrics, if a setting says so, and yield what makes the exporter of a worker from its number.

    `pids` returns the process of each worker, or None if the worker does not run. Raises WrongSetting.
    """
    if settings.metrics_port is None:
        yield lambda _: None
        return
    # Only with metrics: otherwise no process imports prometheus-client.
    from todo_api.server.metrics.listener import served_metrics  # noqa: PLC0415 - see above

    with _listen("TODO_METRICS_HOST, TODO_METRICS_PORT", settings.metrics_host, settings.metrics_port) as listener:
        _log.info("metrics", extra={"fields": {"url": f"http://{_authority(listener)}/metrics"}})
        with served_metrics(listener, pids) as directory:
            yield partial(Exporter, directory)


def serve_as_worker(limits: Limits, listener: socket.socket, exporter: Exporter | None) -> None:
    """Serve in a child process, and end with its parent."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ.pop(SOCKET, None)  # systemd accepts notifications of the parent only
    ignore_hangup()
    sys.exit(_serve(_config(read_settings()), limits, listener, exporter))


def _end_with_parent() -> None:
    cast(BaseProcess, multiprocessing.parent_process()).join()
    os.kill(os.getpid(), signal.SIGTERM)


def ignore_hangup() -> None:
    """Ignore SIGHUP, unless standard error is a terminal, which sends it when it is closed."""
    if hasattr(signal, "SIGHUP") and not sys.stderr.isatty():
        signal.signal(signal.SIGHUP, signal.SIG_IGN)


def _serve(config: uvicorn.Config, limits: Limits, listener: socket.socket, exporter: Exporter | None) -> int:
    server = Server(config, limits, exporter=exporter)
    # Before the start, a signal ends the process. At the end, uvicorn raises the signal again: ignore it then.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None if server.started else sys.exit(0))
    server.run(sockets=[listener])
    return server.exit_status


def _config(settings: Settings, *, reload: bool = False) -> uvicorn.Config:
    return uvicorn.Config(
        f"{__name__}:app_of_process",
        factory=True,
        reload=reload,
        reload_dirs=list(map(str, _SOURCES)) if reload else None,
        loop="uvloop" if sys.platform != "win32" else "asyncio",
        ws="none",
        lifespan="on",
        log_config=log_config(as_json=settings.logs_as_json, level=settings.log_level),
        access_log=False,
        server_header=False,
        proxy_headers=False,  # the app's own middleware reads them
        ssl_certfile=settings.ssl_certfile,
        ssl_keyfile=settings.ssl_keyfile,
    )
