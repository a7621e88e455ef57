"""A proxy on loopback between a client and a PostgreSQL server: it counts messages and fails on demand."""

import asyncio
import socket
import struct
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Proxy:
    """Forwards bytes in both directions, until a method makes it fail.

    - sent: the clients' messages by type, as the protocol's letters (PostgreSQL docs, 54.7)
    - resets: how many connections it has reset
    """

    def __init__(self, url: str) -> None:
        self._target = urlsplit(url)
        self._loop: asyncio.AbstractEventLoop
        self._ended = asyncio.Event()
        self._port = 0
        self._links: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._silenced: set[asyncio.StreamWriter] = set()
        self._thawed = asyncio.Event()
        self._thawed.set()
        self._messages_left: int | None = None
        self._replies_to_lose = 0
        self._replies_to_tear = 0
        self.sent: Counter[str] = Counter()
        self.resets = 0

    @classmethod
    @asynccontextmanager
    async def before(cls, url: str) -> AsyncIterator["Proxy"]:
        """Run a proxy for the server at a URL, on its own event loop: the caller's event loop is under test."""
        proxy = cls(url)
        started: Future[None] = Future()
        thread = threading.Thread(target=lambda: asyncio.run(proxy._serve(started)))
        thread.start()
        await asyncio.wrap_future(started)
        try:
            yield proxy
        finally:
            proxy._call(proxy._ended.set)
            await asyncio.to_thread(thread.join)

    async def _serve(self, started: Future[None]) -> None:
        self._loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._accept, "127.0.0.1")
        self._port = server.sockets[0].getsockname()[1]
        started.set_result(None)
        await self._ended.wait()
        server.close()
        for link in self._links:
            link.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)

    def _call(self, function: Callable[[], None]) -> None:
        """Call a function on the proxy's event loop, and wait until it is done."""

        async def call() -> None:
            function()

        asyncio.run_coroutine_threadsafe(call(), self._loop).result()

    @property
    def url(self) -> str:
        """The URL of the proxy, without encryption, because the proxy reads the messages."""
        address = self._target._replace(netloc=f"{self._target.username}@127.0.0.1:{self._port}")
        return address._replace(query="sslmode=disable&gssencmode=disable").geturl()

    @property
    def statements(self) -> int:
        """How many statements were executed."""
        return self.sent["E"] + self.sent["Q"]

    @property
    def round_trips(self) -> int:
        """How often a client waited for the server."""
        return self.sent["S"] + self.sent["Q"]

    def freeze(self) -> None:
        """Forward nothing any more, and keep all connections open."""
        self._call(self._thawed.clear)

    def thaw(self) -> None:
        """Forward again, also what arrived while frozen."""
        self._call(self._thawed.set)

    def silence(self) -> None:
        """Forward nothing any more on the existing connections, like a router that has dropped their state."""
        self._call(lambda: self._silenced.update(self._writers))

    def silence_after(self, messages: int) -> None:
        """Let this number of messages of clients pass, and then nothing on the connections that there are."""
        self._messages_left = messages

    def cut(self) -> None:
        """Reset all connections."""

        def reset_all() -> None:
            for writer in self._writers:
                self.resets += _reset(writer)

        self._call(reset_all)

    def lose_replies(self, count: int) -> None:
        """Reset a connection instead of forwarding the next replies: the server has then done the work."""
        self._replies_to_lose = count

    def tear_replies(self, count: int) -> None:
        """Reset a connection after half of each of the next replies."""
        self._replies_to_tear = count

    def _accept(self, client_reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        link = asyncio.create_task(self._link(client_reader, client))
        self._links.add(link)
        self._writers.add(client)

        def close(_: asyncio.Task[None]) -> None:
            self._links.discard(link)
            self._writers.discard(client)
            client.transport.abort()  # here, because a task that is cancelled before its first step runs no `finally`

        link.add_done_callback(close)

    async def _link(self, client_reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        assert self._target.hostname is not None
        opening = asyncio.ensure_future(asyncio.open_connection(self._target.hostname, self._target.port))
        with suppress(OSError, asyncio.CancelledError):
            try:
                server_reader, server = await asyncio.shield(opening)
            except asyncio.CancelledError:
                _, server = await opening  # otherwise it would stay open
                server.transport.abort()
                raise
            try:
                await asyncio.gather(
                    self._to_server(client_reader, client, server), self._to_client(server_reader, client)
                )
            finally:
                server.transport.abort()

    async def _to_server(
        self, client_reader: asyncio.StreamReader, client: asyncio.StreamWriter, server: asyncio.StreamWriter
    ) -> None:
        kind = ""  # the first message has no type
        with suppress(asyncio.IncompleteReadError):
            while True:
                size = await client_reader.readexactly(4)
                body = await client_reader.readexactly(int.from_bytes(size) - 4)
                if self._messages_left is not None:
                    self._messages_left -= 1
                    if self._messages_left < 0:
                        self._messages_left = None
                        self._silenced.update(self._writers)
                await self._pass(client)
                self.sent[kind] += 1
                server.write(kind.encode() + size + body)
                kind = (await client_reader.readexactly(1)).decode()
        raise ConnectionResetError

    async def _to_client(self, server_reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        while data := await server_reader.read(65536):
            await self._pass(client)
            if self._replies_to_lose:
                self._replies_to_lose -= 1
                break
            if self._replies_to_tear:
                self._replies_to_tear -= 1
                client.write(data[: len(data) // 2])
                await client.drain()
                self.resets += _reset(client)
                break
            client.write(data)
        raise ConnectionResetError

    async def _pass(self, client: asyncio.StreamWriter) -> None:
        """Wait while frozen, or without end on a silenced connection."""
        await self._thawed.wait()
        if client in self._silenced:
            await asyncio.Event().wait()


def _reset(writer: asyncio.StreamWriter) -> bool:
    """Reset a connection, and return whether it was open."""
    if writer.is_closing():
        return False
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    writer.transport.abort()
    return True
