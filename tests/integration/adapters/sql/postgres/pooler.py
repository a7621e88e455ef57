"""A minimal transaction pooler: each transaction may get another session, so no statement stays prepared."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

_Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]
_PROTOCOL_3 = (196608).to_bytes(4)


@asynccontextmanager
async def pooling(url: str, sessions: int) -> AsyncIterator[str]:
    """Run a pooler with this number of sessions for a server without a password, and yield its URL."""
    target = urlsplit(url)
    idle: asyncio.Queue[_Stream] = asyncio.Queue()
    clients: set[asyncio.StreamWriter] = set()
    serving: set[asyncio.Task[None]] = set()
    opened = [await _log_in(url) for _ in range(sessions)]
    for stream in opened:
        idle.put_nowait(stream)

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        clients.add(writer)
        task = asyncio.create_task(serve(reader, writer))
        serving.add(task)
        task.add_done_callback(serving.discard)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionResetError, asyncio.CancelledError):
            await _read(reader, kind_size=0)
            writer.write(welcome())
            while True:
                request = await _read_until(reader, b"SQ")
                session_reader, session = stream = await idle.get()
                status = b""
                while status != b"I":
                    session.write(request)
                    reply = await _read_until(session_reader, b"Z")
                    writer.write(reply)
                    status = reply[-1:]
                    if status != b"I":
                        request = await _read_until(reader, b"SQ")
                idle.put_nowait(stream)

    server = await asyncio.start_server(accept, "127.0.0.1")
    port = server.sockets[0].getsockname()[1]
    try:
        address = target._replace(netloc=f"{target.username}@127.0.0.1:{port}")
        yield address._replace(query="sslmode=disable&gssencmode=disable").geturl()
    finally:
        server.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        for writer in clients | {session for _, session in opened}:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


async def _log_in(url: str) -> _Stream:
    target = urlsplit(url)
    assert target.hostname is not None
    reader, writer = await asyncio.open_connection(target.hostname, target.port)
    options = f"user\0{target.username}\0database\0{target.path[1:]}\0\0".encode()
    writer.write((8 + len(options)).to_bytes(4) + _PROTOCOL_3 + options)
    await _read_until(reader, b"Z")
    return reader, writer


def welcome() -> bytes:
    """Return what a server sends once it has accepted a session."""
    parameters = {"client_encoding": "UTF8", "server_version": "18.0", "standard_conforming_strings": "on"}
    return b"".join(
        [
            message(b"R", bytes(4)),
            *(message(b"S", f"{name}\0{value}\0".encode()) for name, value in parameters.items()),
            message(b"K", bytes(8)),
            message(b"Z", b"I"),
        ]
    )


def message(kind: bytes, body: bytes) -> bytes:
    """Return a message of the protocol (PostgreSQL docs, 54.7)."""
    return kind + (4 + len(body)).to_bytes(4) + body


async def _read(reader: asyncio.StreamReader, *, kind_size: int = 1) -> bytes:
    head = await reader.readexactly(kind_size + 4)
    return head + await reader.readexactly(int.from_bytes(head[kind_size:]) - 4)


async def _read_until(reader: asyncio.StreamReader, kinds: bytes) -> bytes:
    messages = [await _read(reader)]
    while messages[-1][0] not in kinds:
        messages.append(await _read(reader))
    return b"".join(messages)
