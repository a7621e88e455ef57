"""Detecting the shutdown signal while the server still serves."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def on_shutdown_signal(begin: Callable[[], None]) -> Iterator[None]:
    """Call `begin` in the running loop on SIGTERM or SIGINT; then the previous handler runs.

    The server waits for open responses before it ends the lifespan of its app, and a
    stream is open until the app ends it: the end of the lifespan is too late for that.
    Signals reach the main thread only; in other threads `begin` is never called.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(begin)
        if callable(handler := handlers[signal.Signals(number)]):
            handler(number, frame)

    for number in handlers:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
