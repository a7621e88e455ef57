"""A proxy in front of PostgreSQL that counts messages and can add a delay."""

import asyncio
import threading
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field

_ENCRYPTION_REQUESTS = {80877103, 80877104}
_QUERY, _EXECUTE = b"QE"
_CHUNK_BYTES = 65_536


@dataclass
class Wire:
    """The counts of a proxy so far.

    - statements: queries of the simple protocol and executions of the extended one
    - round_trips: times that a client sent first, or after data from the server
    """

    port: int = 0
    statements: int = 0
    round_trips: int = 0


@contextmanager
def proxied(upstream_port: int, delay_seconds: float = 0.0) -> Iterator[Wire]:
    """Forward a free port to a PostgreSQL on this machine; delay each direction by this time."""
    wire = Wire()
    serving: Future[Callable[[], object]] = Future()

    async def serve() -> None:
        async def connected(reader: StreamReader, writer: StreamWriter) -> None:
            await _forward(wire, reader, writer, upstream_port, delay_seconds)

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        wire.port = server.sockets[0].getsockname()[1]
        loop, over = asyncio.get_running_loop(), asyncio.Event()
        serving.set_result(lambda: loop.call_soon_threadsafe(over.set))
        await over.wait()

    thread = threading.Thread(target=asyncio.run, args=[serve()])
    thread.start()
    stop = serving.result()
    try:
        yield wire
    finally:
        stop()
        thread.join()


async def _forward(wire: Wire, reader: StreamReader, writer: StreamWriter, port: int, delay_seconds: float) -> None:
    upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", port)
    conversation = _Conversation(wire)
    await asyncio.gather(
        _pump(reader, upstream_writer, conversation.from_client, delay_seconds),
        _pump(upstream_reader, writer, conversation.from_server, delay_seconds),
    )


async def _pump(reader: StreamReader, writer: StreamWriter, seen: Callable[[bytes], None], delay: float) -> None:
    """Forward data after the delay, in order, because all data has the same delay."""
    loop = asyncio.get_running_loop()
    try:
        while data := await reader.read(_CHUNK_BYTES):
            seen(data)
            if delay:
                loop.call_later(delay, writer.write, data)
            else:
                writer.write(data)
    except ConnectionError:
        pass  # one end is closed; the other is closed below
    loop.call_later(delay, writer.close)


@dataclass
class _Conversation:
    """The messages of one client and its server."""

    wire: Wire
    _unread: bytes = field(default=b"")
    _started: bool = False
    _server_sent_last: bool = True

    def from_client(self, data: bytes) -> None:
        self.wire.round_trips += self._server_sent_last
        self._server_sent_last = False
        data = self._unread + data
        while len(data) >= (length := self._length_of_first(data)):
            if self._started:
                self.wire.statements += data[0] in (_QUERY, _EXECUTE)
            else:
                self._started = int.from_bytes(data[4:8]) not in _ENCRYPTION_REQUESTS
            data = data[length:]
        self._unread = data

    def from_server(self, _: bytes) -> None:
        self._server_sent_last = True

    def _length_of_first(self, data: bytes) -> int:
        """Return the length of the first message, or of its header if that is incomplete."""
        # An encryption request and a startup message have no type before their length.
        typed = int(self._started)
        return typed + (int.from_bytes(data[typed : typed + 4]) if len(data) >= typed + 4 else 4)
