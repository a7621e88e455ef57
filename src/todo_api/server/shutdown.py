"""Learning that the server is about to stop, while it still serves."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def on_shutdown_signal(begin: Callable[[], None]) -> Iterator[None]:
    """Call `begin` in the running loop as soon as SIGTERM or SIGINT comes; then what handled it before goes on.

    A server waits for open answers before it ends the lifespan of its app, and a
    stream is open until somebody ends it: so the lifespan's end is too late for that.
    Signals reach the main thread only; elsewhere nobody is told.
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
