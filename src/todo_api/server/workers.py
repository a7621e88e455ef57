"""Several server processes: they are started again when they die, and end in a bounded time."""

import logging
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from typing import Final

from todo_api.server.shutdown import CANT_SERVE
from todo_api.server.systemd import STOPPING, notify

_FIRST_DELAY_SECONDS: Final = 0.1
_LAST_DELAY_SECONDS: Final = 10.0
_STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
_log: Final = logging.getLogger(__name__)


@dataclass
class Worker:
    """The place of one worker: its process, or when the next one starts, and the delay of the start after that."""

    process: SpawnProcess | None = None
    start_at: float = 0.0
    started_at: float = 0.0
    delay: float = _FIRST_DELAY_SECONDS

    def plan_start(self, now: float) -> None:
        """Set when the next process starts, after this one died."""
        if now - self.started_at >= _LAST_DELAY_SECONDS:
            self.delay = _FIRST_DELAY_SECONDS
        self.start_at = now + self.delay
        self.delay = min(self.delay * 2, _LAST_DELAY_SECONDS)


class Workers:
    """Runs worker processes on one listener until SIGTERM or SIGINT, or until one says that none can serve.

    A worker that dies is logged and started again: after 0.1 s, and after twice the delay
    each time that it dies within 10 s, up to 10 s. `new_process` makes the process of a
    worker from its number.
    """

    def __init__(
        self, new_process: Callable[[int], SpawnProcess], count: int, stop_seconds: float, listener: socket.socket
    ) -> None:
        self._new_process = new_process
        self._listener = listener
        self._stop_seconds = stop_seconds
        self._workers = [Worker() for _ in range(count)]
        self._is_stopping = False
        self._exit_status = 0

    def pids(self) -> dict[int, int | None]:
        """Return the process of each worker by its number; None if the worker does not run."""
        processes = [worker.process for worker in self._workers]
        return {number: process.pid if process else None for number, process in enumerate(processes)}

    def run(self) -> int:
        """Run the workers, and return the exit status of this process: 0 unless the workers failed."""
        with self._woken_by_signals() as waker:
            while not self._is_stopping:
                self._start_due()
                sentinels = [worker.process.sentinel for worker in self._workers if worker.process]
                if waker in wait([waker, *sentinels], self._seconds_to_next_start()):
                    waker.recv(4096)
                self._note_deaths()
            notify(STOPPING)
            self._end()
        return self._exit_status

    @contextmanager
    def _woken_by_signals(self) -> Iterator[socket.socket]:
        """Yield a socket that becomes readable when a signal arrives."""

        def stop(*_: object) -> None:
            self._is_stopping = True

        before = {number: signal.signal(number, stop) for number in _STOP_SIGNALS}
        waker, written = socket.socketpair()
        with waker, written:
            written.setblocking(False)
            descriptor = signal.set_wakeup_fd(written.fileno(), warn_on_full_buffer=False)
            try:
                yield waker
            finally:
                signal.set_wakeup_fd(descriptor)
                for number, handler in before.items():
                    signal.signal(number, handler)

    def _start_due(self) -> None:
        now = time.monotonic()
        for number, worker in enumerate(self._workers):
            if worker.process is None and worker.start_at <= now:
                worker.process = self._new_process(number)
                worker.process.start()
                _log.info("a worker started", extra={"fields": {"process": worker.process.pid}})
                worker.started_at = now

    def _seconds_to_next_start(self) -> float | None:
        starts = [worker.start_at for worker in self._workers if worker.process is None]
        return max(0.0, min(starts) - time.monotonic()) if starts else None

    def _note_deaths(self) -> None:
        for worker in self._workers:
            if worker.process is None or worker.process.exitcode is None:
                continue
            status = worker.process.exitcode
            _log.error("a worker died", extra={"fields": {"process": worker.process.pid, **_exit_fields(status)}})
            worker.process = None
            if status == CANT_SERVE:
                self._is_stopping, self._exit_status = True, CANT_SERVE
            worker.plan_start(time.monotonic())

    def _end(self) -> None:
        """End all workers: by SIGTERM, and after `stop_seconds` by SIGKILL."""
        # The workers have their own descriptors. With this one, connections would still be accepted after the last
        # worker closed its own, and then reset. A proxy can try again elsewhere only if they are refused.
        self._listener.close()
        left = ended = [worker.process for worker in self._workers if worker.process]
        for process in left:
            process.terminate()
        deadline = time.monotonic() + self._stop_seconds
        while (left := [process for process in left if process.exitcode is None]) and time.monotonic() < deadline:
            wait([process.sentinel for process in left], deadline - time.monotonic())
        for process in ended:
            if process.exitcode is not None:
                fields = {"process": process.pid, **_exit_fields(process.exitcode)}
                _log.info("a worker ended", extra={"fields": fields})
        for process in left:
            _log.error("a worker did not end and was killed", extra={"fields": {"process": process.pid}})
            self._exit_status = self._exit_status or 1
            process.kill()
            process.join()


def _exit_fields(status: int) -> dict[str, int | str]:
    return {"exit_status": status} if status >= 0 else {"signal": signal.Signals(-status).name}
