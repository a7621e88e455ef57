"""Run the server. Everything that can prevent its start is checked first and reported in one line."""

import asyncio
import gc
import logging
import signal
import socket
import ssl
import sys
from pathlib import Path
from typing import Final

import uvicorn
from uvicorn.supervisors import ChangeReload, Multiprocess

from todo_api.app import App, create_app
from todo_api.container import Container, opened
from todo_api.server.connections import Limits
from todo_api.server.descriptors import connection_limit
from todo_api.server.logs import log_config
from todo_api.server.uvicorn_server import Server
from todo_api.settings import Settings, WrongSetting

# Less than the ten seconds after which container runtimes kill a process.
SHUTDOWN_SECONDS: Final = 8
# A worker that needs longer to start is killed and started again, repeatedly.
WORKER_START_SECONDS: Final = 60
_SOURCES: Final = [Path(__file__).parents[2] / name for name in ("todo_domain", "todo_adapters", "todo_api")]
_log: Final = logging.getLogger(__name__)


def listen(settings: Settings) -> socket.socket:
    """Return a socket that listens where the settings say. Raises WrongSetting."""
    host, port = settings.host, settings.port
    try:
        listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise WrongSetting(f"TODO_HOST, TODO_PORT: can't listen on {host} port {port}: {error.strerror}") from None
    listener.set_inheritable(True)
    return listener


def base_url(settings: Settings, listener: socket.socket) -> str:
    """Return the server's URL for clients on this machine."""
    host, port, *_ = listener.getsockname()
    return f"http{'s' if settings.ssl_certfile else ''}://{f'[{host}]' if ':' in host else host}:{port}"


def check_startup(container: Container) -> None:
    """Open all adapters once, as each process will, and close them. Raises WrongSetting, StorageUnavailable."""

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
    asyncio.run(open_and_close())


def app_of_process() -> App:
    """Return the app of a process that does nothing else."""
    app = create_app()
    gc.freeze()  # No collection searches the modules while requests wait: see docs/decisions/0010.
    return app


def run(settings: Settings, listener: socket.socket, url: str, *, reload: bool) -> None:
    """Serve until SIGTERM or SIGINT, then finish the requests in progress and return.

    With `reload` or several workers, child processes serve. They read the settings from
    the environment again.
    """
    config = uvicorn.Config(
        f"{__name__}:app_of_process",
        factory=True,
        workers=settings.workers,
        reload=reload,
        reload_dirs=list(map(str, _SOURCES)) if reload else None,
        loop="uvloop" if sys.platform != "win32" else "asyncio",
        ws="none",
        lifespan="on",
        log_config=log_config(as_json=settings.logs_as_json),
        access_log=False,
        server_header=False,
        proxy_headers=False,  # the app's own middleware reads them
        ssl_certfile=settings.ssl_certfile,
        ssl_keyfile=settings.ssl_keyfile,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        timeout_worker_healthcheck=WORKER_START_SECONDS,
    )
    limits = Limits(connection_limit(settings), settings.keep_alive_seconds)
    _log.info("listening", extra={"fields": {"url": url, "max_connections": limits.connections}})
    server = Server(config, limits)
    # uvicorn raises the received signal again at its end; exit with status 0 instead.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    if reload:
        ChangeReload(config, target=server.run, sockets=[listener]).run()
    elif settings.workers > 1:
        Multiprocess(config, sockets=[listener]).run()
    else:
        server.run(sockets=[listener])
