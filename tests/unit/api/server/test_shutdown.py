"""The notification of a shutdown before it begins."""

import asyncio
import signal
import threading
from typing import Any

import pytest

from todo_api.server.shutdown import on_shutdown_signal


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_calls_the_callback_and_then_the_previous_handler(number: signal.Signals) -> None:
    heard: list[Any] = []

    async def serve() -> None:
        notified = asyncio.Event()
        with on_shutdown_signal(notified.set):
            signal.raise_signal(number)
            async with asyncio.timeout(10):
                await notified.wait()

    before = signal.signal(number, lambda got, _frame: heard.append(got))
    try:
        ours = signal.getsignal(number)
        asyncio.run(serve())
        assert signal.getsignal(number) is ours
    finally:
        signal.signal(number, before)

    assert heard == [number]


def test_an_ignored_signal_still_calls_the_callback() -> None:
    async def serve() -> None:
        notified = asyncio.Event()
        with on_shutdown_signal(notified.set):
            signal.raise_signal(signal.SIGTERM)
            async with asyncio.timeout(10):
                await notified.wait()

    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        asyncio.run(serve())
    finally:
        signal.signal(signal.SIGTERM, before)


def test_in_another_thread_no_signal_handler_is_set() -> None:
    before = signal.getsignal(signal.SIGTERM)
    inside: list[object] = []

    async def serve() -> None:
        with on_shutdown_signal(lambda: None):
            inside.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    thread.join()

    assert inside == [before]
