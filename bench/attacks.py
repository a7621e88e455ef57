"""What one user may try against the others: each attack goes on until its process is ended."""

import asyncio
import json
import multiprocessing
import os
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.synchronize import Event

from bench.contenders import OTHER_CORES, on_cores
from bench.tokens import Tokens
from bench.workload import http_request

ABUSER = "abuser"
_TASKS = f"/api/{ABUSER}/tasks"
_EXPORT = f"/api/{ABUSER}/export"
_SEARCH = f"{_TASKS}?q=nowhere"
_STREAM = f"/api/{ABUSER}/changes/stream"
_PAUSE_SECONDS = 0.1
_RECEIVED_BYTES = 4096


@dataclass(frozen=True)
class Abuser:
    """A user with a valid token, and the server's port."""

    port: int
    token: str

    def request(self, method: str, path: str, body: object = None) -> str:
        """Return a request after which the server closes the connection."""
        return http_request(method, path, self.token, body).replace("Host:", "Connection: close\r\nHost:", 1)

    async def repeat(self, request: str, connections: int, pause_seconds: float = _PAUSE_SECONDS) -> None:
        """Send a request again and again on so many connections, whatever the responses."""
        await asyncio.gather(*(self._repeat(request.encode(), pause_seconds) for _ in range(connections)))

    async def _repeat(self, request: bytes, pause_seconds: float) -> None:
        while True:
            with suppress(OSError):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                try:
                    writer.write(request)
                    while await reader.read(1 << 16):
                        pass
                finally:
                    writer.transport.abort()
            await asyncio.sleep(pause_seconds)

    async def hold(self, request: str, connections: int) -> None:
        """Send a request on so many connections, and read nothing."""
        loop = asyncio.get_running_loop()
        held = []
        for _ in range(connections):
            connection = socket.socket()
            connection.setblocking(False)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVED_BYTES)
            with suppress(OSError):
                await loop.sock_connect(connection, ("127.0.0.1", self.port))
                await loop.sock_sendall(connection, request.encode())
            held.append(connection)
        await asyncio.Event().wait()


async def content_type(abuser: Abuser) -> None:
    """Send requests with a `Content-Type` of 60 kB."""
    request = abuser.request("POST", _TASKS, {"title": "x"})
    await abuser.repeat(request.replace("application/json", "application/json" + "; a=b" * 12_000, 1), 4)


async def unread_responses(abuser: Abuser) -> None:
    """Request the whole list on 400 connections, and read nothing."""
    await abuser.hold(abuser.request("GET", _TASKS), 400)


async def abandoned_searches(abuser: Abuser) -> None:
    """Send 30 searches and close their connections, again and again."""
    request = abuser.request("GET", _SEARCH).encode()
    while True:
        writers = []
        for _ in range(30):
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", abuser.port)
                writer.write(request)
                writers.append(writer)
        await asyncio.sleep(_PAUSE_SECONDS)
        for writer in writers:
            writer.transport.abort()


async def searches(abuser: Abuser) -> None:
    """Search on 40 connections."""
    await abuser.repeat(abuser.request("GET", _SEARCH), 40)


async def whole_list(abuser: Abuser) -> None:
    """Read the whole list on one connection, again and again."""
    await abuser.repeat(abuser.request("GET", _TASKS), 1)


async def calendars(abuser: Abuser) -> None:
    """Read the calendar of a tenth of the tasks on 10 connections, again and again."""
    body = {"name": "Calendar", "scopes": ["calendar:read"]}
    reader, writer = await asyncio.open_connection("127.0.0.1", abuser.port)
    writer.write(abuser.request("POST", f"/api/{ABUSER}/access-tokens", body).encode())
    token = json.loads((await reader.read()).partition(b"\r\n\r\n")[2])["token"]
    writer.close()
    await abuser.repeat(abuser.request("GET", f"/calendar/{token}.ics"), 10)


async def exports(abuser: Abuser) -> None:
    """Export everything as iCalendar, again and again; at the same time, begin exports and close their connections."""
    request = abuser.request("GET", f"{_EXPORT}?format=ical")
    await asyncio.gather(abuser.repeat(request, 1), abuser.repeat(abuser.request("HEAD", _EXPORT), 4))


async def imports(abuser: Abuser) -> None:
    """Import 10 MiB of rows and 10 MiB that are not text, again and again, on two connections each."""
    head = abuser.request("POST", f"/api/{ABUSER}/import?format=todoist")
    files = ("TYPE,CONTENT\n" + "task,a\n" * 1_490_000, "\x00" * (10 << 20))
    requests = [head.replace("\r\n\r\n", f"\r\nContent-Length: {len(file)}\r\n\r\n{file}", 1) for file in files]
    await asyncio.gather(*(abuser.repeat(request, 2) for request in requests))


async def erasures(abuser: Abuser) -> None:
    """Erase everything while five devices write; the tokens are refused from then on."""
    write = abuser.request("POST", _TASKS, {"title": "x"})
    erase = abuser.request("DELETE", f"/api/{ABUSER}", {"confirm": ABUSER})
    await asyncio.gather(abuser.repeat(write, 5), abuser.repeat(erase, 1))


async def streams(abuser: Abuser) -> None:
    """Open 9,000 streams, and write twice per second."""
    write = abuser.request("POST", _TASKS, {"title": "x"})
    stream = http_request("GET", _STREAM, abuser.token)
    await asyncio.gather(abuser.hold(stream, 9_000), abuser.repeat(write, 1, 0.5))


async def empty_operations(abuser: Abuser) -> None:
    """Send batches with as many empty operations as a body may have."""
    await abuser.repeat(abuser.request("POST", f"{_TASKS}/batch", {"operations": [{}] * 130_000}), 4)


async def tags(abuser: Abuser) -> None:
    """Send tasks with as many tags as a body may have, in a batch."""
    operation = {"op": "create", "task": {"title": "x", "tags": ["t"] * 100_000}}
    await abuser.repeat(abuser.request("POST", f"{_TASKS}/batch", {"operations": [operation]}), 4)


async def incomplete_heads(abuser: Abuser) -> None:
    """Keep 1,200 request heads incomplete, without a token."""
    await abuser.repeat("GET / HTTP/1.1\r\nHost: x\r\n", 1_200)


@dataclass(frozen=True)
class Attack:
    """An attack on the servers of these names, with at most so many file descriptors if a number is given."""

    run: Callable[[Abuser], Awaitable[None]]
    servers: tuple[str, ...] = ("ours-sqlite",)
    descriptors: int | None = None

    @contextmanager
    def running(self, port: int, tokens: Tokens) -> Iterator[None]:
        """Attack during the block from a process that gives way to the one that measures."""
        abuser = Abuser(port, tokens.token(ABUSER))
        context = multiprocessing.get_context("spawn")
        begun = context.Event()
        with on_cores(OTHER_CORES):
            process = context.Process(target=_attack, args=[self.run, abuser, begun])
            process.start()
        begun.wait()
        try:
            yield
        finally:
            process.kill()
            process.join()


def _attack(run: Callable[[Abuser], Awaitable[None]], abuser: Abuser, begun: Event) -> None:
    async def attack() -> None:
        begun.set()
        await run(abuser)

    os.nice(20)
    asyncio.run(attack())


_BOTH = ("ours-sqlite", "ours")
ATTACKS = {
    "content-type": Attack(content_type),
    "unread-responses": Attack(unread_responses, _BOTH),
    "abandoned-searches": Attack(abandoned_searches, _BOTH),
    "searches": Attack(searches, _BOTH),
    "whole-list": Attack(whole_list, _BOTH),
    "calendars": Attack(calendars, _BOTH),
    "exports": Attack(exports, _BOTH),
    "imports": Attack(imports, _BOTH),
    "streams": Attack(streams, _BOTH),
    "empty-operations": Attack(empty_operations),
    "tags": Attack(tags),
    "incomplete-heads": Attack(incomplete_heads, descriptors=1024),
    "erasures": Attack(erasures, _BOTH),  # the last one, because it leaves nothing of the abuser
}
