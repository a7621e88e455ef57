"""The load driver: `python -m bench.driver` reads a job as JSON, sends its requests, and writes the load as JSON.

Each kept-alive connection sends its next request when the previous response is
complete (a closed loop). The driver runs in a separate process and reads only the
status and length of a response, so that it costs little compared with a server. Its
own CPU time is reported as evidence.
"""

import asyncio
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import psutil
import uvloop

PATIENCE_SECONDS = 120
_MORE_SECONDS = 0.1


@dataclass(frozen=True)
class Job:
    """What to send: one list of requests per connection, repeated until the time is over.

    The warm-up is not measured. The measured time is extended until there is a
    response. With `seconds` 0, every request is sent once.
    `server_pid` names the process whose CPU time is taken over the measured time.
    """

    port: int
    connections: Sequence[Sequence[str]]
    status: int
    server_pid: int
    seconds: float = 0.0
    warmup_seconds: float = 0.0


@dataclass(frozen=True)
class Load:
    """The measured load: latencies in ms, CPU time in µs per response, and busy shares of one core."""

    responses: int
    throughput: float
    p50: float
    p95: float
    p99: float
    cpu: float
    server_busy: float
    driver_busy: float


class UnexpectedResponse(Exception):
    """Raised when a response has an unexpected status, or the server closes the connection."""


def drive(job: Job) -> Load:
    """Run a job in a separate process."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.driver"],
        input=json.dumps(asdict(job)),
        capture_output=True,
        text=True,
        timeout=job.seconds + job.warmup_seconds + PATIENCE_SECONDS,
        check=False,
    )
    if done.returncode:
        raise UnexpectedResponse(done.stderr)
    return Load(**json.loads(done.stdout))


class _Connection(asyncio.Protocol):
    """One client connection."""

    def __init__(self, requests: Sequence[str], job: Job, latencies: list[int], done: asyncio.Future[None]) -> None:
        encoded = [request.encode() for request in requests]
        self._requests = itertools.cycle(encoded) if job.seconds else iter(encoded)
        self._status = str(job.status).encode()
        self._latencies = latencies
        self._done = done
        self._received = b""
        self._sent_at = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvloop's are
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._received = data = self._received + data
        if not is_complete(data):
            return
        self._latencies.append(time.perf_counter_ns() - self._sent_at)
        self._received = b""
        if data[9:12] != self._status:
            self._fail(f"expected {self._status.decode()}, got {data.decode()}")
            return
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(f"connection lost: {exc}")

    def _send(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self._done.set_result(None)
            self._transport.close()
        else:
            self._sent_at = time.perf_counter_ns()
            self._transport.write(request)

    def _fail(self, reason: str) -> None:
        if not self._done.done():
            self._done.set_exception(UnexpectedResponse(reason))


def is_complete(data: bytes) -> bool:
    """Return whether the response is complete, by its length or by its last chunk."""
    head, found, body = data.partition(b"\r\n\r\n")
    if not found:
        return False
    head = head.lower()
    _, found, rest = head.partition(b"content-length:")
    if found:
        return len(body) >= int(rest.partition(b"\r\n")[0])
    return b"transfer-encoding: chunked" not in head or body.endswith(b"0\r\n\r\n")


def _cpu_seconds(process: psutil.Process) -> float:
    """Return the CPU time of a process and of the workers that it started."""
    family = [process, *process.children(recursive=True)]
    return sum(float(times.user + times.system) for times in (member.cpu_times() for member in family))


async def _run(job: Job) -> Load:
    loop = asyncio.get_running_loop()
    latencies: list[int] = []
    done = [loop.create_future() for _ in job.connections]
    for requests, future in zip(job.connections, done, strict=True):
        await loop.create_connection(
            lambda requests=requests, future=future: _Connection(requests, job, latencies, future),  # type: ignore[misc]
            "127.0.0.1",
            job.port,
        )
    server, driver = psutil.Process(job.server_pid), psutil.Process()
    if job.seconds:
        await _unless_failed(done, job.warmup_seconds)
        latencies.clear()
    started, server_cpu, driver_cpu = time.perf_counter(), _cpu_seconds(server), _cpu_seconds(driver)
    await _unless_failed(done, job.seconds or None)
    while not latencies:
        await _unless_failed(done, _MORE_SECONDS)
    seconds = time.perf_counter() - started
    server_cpu, driver_cpu = _cpu_seconds(server) - server_cpu, _cpu_seconds(driver) - driver_cpu
    ordered = sorted(latencies)
    p50, p95, p99 = (ordered[int(len(ordered) * share)] / 1e6 for share in (0.50, 0.95, 0.99))
    return Load(
        responses=len(ordered),
        throughput=len(ordered) / seconds,
        p50=p50,
        p95=p95,
        p99=p99,
        cpu=server_cpu / len(ordered) * 1e6,
        server_busy=server_cpu / seconds,
        driver_busy=driver_cpu / seconds,
    )


async def _unless_failed(done: Sequence[asyncio.Future[None]], seconds: float | None) -> None:
    """Wait this long, or with None until all are done; raise as soon as one connection fails."""
    finished, _ = await asyncio.wait(
        done, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION if seconds is None else asyncio.FIRST_COMPLETED
    )
    for future in finished:
        future.result()


if __name__ == "__main__":
    try:
        print(json.dumps(asdict(uvloop.run(_run(Job(**json.load(sys.stdin)))))))
    except UnexpectedResponse as error:
        sys.exit(str(error))
