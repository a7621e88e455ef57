"""The notification of a shutdown before it begins."""

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from todo_api.server.shutdown import CANT_SERVE, Shutdown, on_shutdown_signal

LONG = 10.0


@contextmanager
def handled_by(handler: Any, number: signal.Signals = signal.SIGTERM) -> Iterator[None]:
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)


def serve(*numbers: signal.Signals, drain_seconds: float = 0, shutdown: Shutdown | None = None) -> Shutdown:
    """Serve until these signals have ended the streams, and return the state of the shutdown."""
    shutdown = shutdown or Shutdown()

    async def run() -> None:
        ended = asyncio.Event()
        with on_shutdown_signal(shutdown, ended.set, drain_seconds):
            for number in numbers:
                signal.raise_signal(number)
                await asyncio.sleep(0)
            async with asyncio.timeout(LONG):
                await ended.wait()

    asyncio.run(run())
    return shutdown


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_streams_and_then_calls_the_previous_handler(number: signal.Signals) -> None:
    handled: list[Any] = []

    with handled_by(lambda got, _frame: handled.append(got), number):
        ours = signal.getsignal(number)
        shutdown = serve(number)
        assert signal.getsignal(number) is ours

    assert handled == [number]
    assert shutdown.has_begun
    assert shutdown.exit_status == 0


def test_an_ignored_signal_still_ends_streams() -> None:
    with handled_by(signal.SIG_IGN):
        assert serve(signal.SIGTERM).has_begun


def test_during_the_drain_nothing_ends() -> None:
    async def run() -> list[bool]:
        ended = asyncio.Event()
        with on_shutdown_signal(shutdown := Shutdown(), ended.set, 0.05):
            signal.raise_signal(signal.SIGTERM)
            await asyncio.sleep(0)
            seen = [shutdown.has_begun, ended.is_set()]
            async with asyncio.timeout(LONG):
                await ended.wait()
        return seen

    with handled_by(signal.SIG_IGN):
        assert asyncio.run(run()) == [True, False]


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_the_drain(second: signal.Signals) -> None:
    with handled_by(signal.SIG_IGN), handled_by(signal.SIG_IGN, signal.SIGINT):
        assert serve(signal.SIGTERM, second, drain_seconds=3600).has_begun


def test_an_interrupt_from_the_keyboard_does_not_drain() -> None:
    with handled_by(signal.SIG_IGN, signal.SIGINT):
        assert serve(signal.SIGINT, drain_seconds=3600).has_begun


def test_a_failed_process_ends_without_a_drain_and_with_a_failure() -> None:
    handled: list[Any] = []

    async def run() -> None:
        with on_shutdown_signal(shutdown, lambda: None, 3600):
            shutdown.fail()

    with handled_by(lambda got, _frame: handled.append(got)):
        shutdown = Shutdown()
        asyncio.run(run())

    assert handled == [signal.SIGTERM]
    assert shutdown.exit_status == CANT_SERVE


def test_in_another_thread_no_signal_is_handled_or_sent() -> None:
    before = signal.getsignal(signal.SIGTERM)
    inside: list[object] = []

    async def run() -> None:
        with on_shutdown_signal(shutdown := Shutdown(), lambda: None):
            inside.append(signal.getsignal(signal.SIGTERM))
            shutdown.fail()

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    thread.join()

    assert inside == [before]
