"""The end of a serving process: it is announced while the server still serves."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from todo_api.server.systemd import STOPPING, notify

CANT_SERVE: Final = 3
"""The exit status of a process that can't serve with its settings and its database; uvicorn's for a failed start."""


class Shutdown:
    """Whether the process is about to end, and with which status."""

    def __init__(self) -> None:
        self.has_begun = False
        self.exit_status = 0

    def fail(self) -> None:
        """End the process, because it can't serve. An app in another thread of its host leaves the host running."""
        self.exit_status = CANT_SERVE
        if threading.current_thread() is threading.main_thread():
            signal.raise_signal(signal.SIGTERM)


@contextmanager
def on_shutdown_signal(shutdown: Shutdown, end_streams: Callable[[], None], drain_seconds: float = 0) -> Iterator[None]:
    """Begin the shutdown when SIGTERM or SIGINT arrives; then end streams and call the server's handler.

    After the first SIGTERM, the server serves on for `drain_seconds`, so that proxies learn
    of the shutdown. A server waits for open responses before it ends the app's lifespan,
    and a stream stays open until something ends it: the end of the lifespan is too late to
    end streams. Only the main thread can receive signals; in other threads this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def handle(number: int, frame: FrameType | None) -> None:
        drains = number == signal.SIGTERM and drain_seconds and not (shutdown.has_begun or shutdown.exit_status)
        shutdown.has_begun = True
        notify(STOPPING)
        if drains:
            loop.call_soon_threadsafe(loop.call_later, drain_seconds, finish, number, None)
        else:
            finish(number, frame)

    def finish(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(end_streams)
        if callable(handler := handlers[signal.Signals(number)]):
            handler(number, frame)

    for number in handlers:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
