"""Many open streams on one worker: their memory, and the time from a write to its event.

python -m bench.streams [number of streams]
"""

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import psutil

from bench.contenders import NO_BOUNDS, todo_api
from bench.tokens import Issuer, issuer

PORT = 8765
USERS = 100
WRITES = 300


async def follow(request: bytes, arrivals: dict[str, list[float]], opened: asyncio.Semaphore) -> None:
    """Record the arrival time of each title."""
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
    writer.write(request)
    await reader.readuntil(b"\r\n\r\n")
    opened.release()
    while line := await reader.readline():
        if line.startswith(b"data: "):
            title = line.partition(b'"title":"')[2].partition(b'"')[0].decode()
            arrivals.setdefault(title, []).append(time.perf_counter())


async def measure(streams: int, pid: int, issued_by: Issuer) -> None:
    """Open the streams, write at a steady rate, and print the results."""
    server = psutil.Process(pid)
    users = [f"user-{number}" for number in range(USERS)]
    before = server.memory_info().rss
    arrivals: dict[str, list[float]] = {}
    opened = asyncio.Semaphore(0)
    readers = []
    for number in range(streams):
        user = users[number % USERS]
        head = f"GET /api/{user}/changes/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {issued_by.token(user)}"
        readers.append(asyncio.create_task(follow(f"{head}\r\n\r\n".encode(), arrivals, opened)))
        await opened.acquire()
    after = server.memory_info().rss

    delays: list[float] = []
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{PORT}") as client:
        for number in range(WRITES):
            user = users[number % USERS]
            headers = {"Authorization": f"Bearer {issued_by.token(user)}"}
            begun = time.perf_counter()
            await client.post(f"/api/{user}/tasks", json={"title": f"t{number}"}, headers=headers)
            await asyncio.sleep(0.02)
            delays += [arrival - begun for arrival in arrivals.get(f"t{number}", [])]
    for reader in readers:
        reader.cancel()
    print(f"{streams} streams of {USERS} users, {len(delays)} of {WRITES * streams // USERS} events timed")
    print(f"memory: {(after - before) / streams / 1024:.1f} KiB a stream, {after / 2**20:.0f} MiB in all")
    cuts = statistics.quantiles(delays, n=100)
    print(f"from write to event: median {cuts[49] * 1000:.1f} ms, p99 {cuts[98] * 1000:.1f} ms")


def main() -> None:
    """Serve on SQLite, and measure."""
    streams = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with (
        tempfile.TemporaryDirectory() as folder,
        issuer("HS256") as issued_by,
        subprocess.Popen(
            todo_api("serve", "--port", str(PORT), "--database", str(Path(folder) / "tasks.sqlite3")),
            env={**issued_by.environment, **NO_BOUNDS, "HOME": folder},
            stderr=subprocess.DEVNULL,
        ) as server,
    ):
        try:
            _wait_until_ready()
            asyncio.run(measure(streams, server.pid, issued_by))
        finally:
            server.terminate()


def _wait_until_ready() -> None:
    while True:
        try:
            httpx.get(f"http://127.0.0.1:{PORT}/health")
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return


if __name__ == "__main__":
    main()
