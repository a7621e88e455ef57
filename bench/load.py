"""Clients that create tasks with an Idempotency-Key, and repeat each request until they have its response."""

import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass, field

from bench.driver import is_complete
from bench.tokens import Tokens
from bench.workload import http_request

_PAUSE_SECONDS = 0.02
_LATE_SECONDS = 0.1
_HANGING_SECONDS = 5.0


@dataclass
class Creates:
    """What clients have sent and received.

    - deadline_seconds: the longest time that a response may take
    - pause_seconds: how long a client waits after each response
    - acknowledged: the titles by user
    - late, hanging: responses more than 0.1 s, or 5 s, after the deadline
    """

    port: int
    tokens: Tokens
    deadline_seconds: float
    pause_seconds: float = 0.0
    acknowledged: dict[str, list[str]] = field(default_factory=dict)
    at: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    late: int = 0
    hanging: int = 0
    longest: float = 0.0
    _ending: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, clients: int) -> None:
        """Create tasks, each client for a user of its own, until `end` was called and each request has its response."""
        await asyncio.gather(*(self._create(f"client-{number}") for number in range(clients)))

    def end(self) -> None:
        """Let each client finish its current task."""
        self._ending.set()

    async def _create(self, user: str) -> None:
        titles = self.acknowledged.setdefault(user, [])
        connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        while not self._ending.is_set():
            title = f"Task {len(titles)}"
            request = http_request("POST", f"/api/{user}/tasks", self.tokens.token(user), {"title": title})
            request = request.replace("Host:", f"Idempotency-Key: {title.replace(' ', '-')}\r\nHost:", 1)
            status = 0
            while status != 201:
                begun = time.perf_counter()
                status = 0
                try:
                    async with asyncio.timeout(self.deadline_seconds + _HANGING_SECONDS):
                        connection = connection or await asyncio.open_connection("127.0.0.1", self.port)
                        status = int((await response_to(*connection, request))[9:12])
                except TimeoutError:
                    self.hanging += 1
                except OSError:
                    pass  # the server is down, or has closed the connection
                seconds = time.perf_counter() - begun
                self.longest = max(self.longest, seconds)
                self.late += seconds > self.deadline_seconds + _LATE_SECONDS
                self.statuses[status] += 1
                if status == 0 and connection:
                    connection[1].transport.abort()
                    connection = None
                if status != 201:
                    await asyncio.sleep(_PAUSE_SECONDS)
            titles.append(title)
            self.at.append(time.perf_counter())
            await asyncio.sleep(self.pause_seconds)
        if connection:
            connection[1].transport.abort()

    async def lost_and_duplicated(self) -> tuple[int, int]:
        """Compare what was acknowledged with the lists of the users."""
        lost = duplicated = 0
        for user, titles in self.acknowledged.items():
            request = http_request("GET", f"/api/{user}/tasks", self.tokens.token(user))
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            response = await response_to(reader, writer, request.replace("Host:", "Connection: close\r\nHost:", 1))
            writer.transport.abort()
            found = Counter(task["title"] for task in json.loads(body_of(response))["tasks"])
            lost += len(set(titles) - found.keys())
            duplicated += sum(count - 1 for count in found.values())
        return lost, duplicated


async def response_to(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: str) -> bytes:
    """Send a request and return its complete response; raise ConnectionError when the connection ends before."""
    writer.write(request.encode())
    data = b""
    while not is_complete(data):
        more = await reader.read(1 << 16)
        if not more:
            raise ConnectionResetError
        data += more
    return data


def body_of(response: bytes) -> bytes:
    """Return the body of a response, from its chunks if it has any."""
    head, _, rest = response.partition(b"\r\n\r\n")
    if b"transfer-encoding: chunked" not in head.lower():
        return rest
    body = b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        body += rest[: int(size, 16)]
        rest = rest[int(size, 16) + 2 :]
    return body
