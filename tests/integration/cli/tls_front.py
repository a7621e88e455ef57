"""TLS before PostgreSQL, as services and poolers offer it: the PostgreSQL of the tests is built without TLS."""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

_REQUEST_BYTES = 8


@contextmanager
def tls_front(url: str, certificate: Path, key: Path) -> Iterator[str]:
    """Run a front of the server at a URL, and yield the URL of the front."""
    target = urlsplit(url)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    started: Future[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async def serve_client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            await reader.readexactly(_REQUEST_BYTES)
            writer.write(b"S")
            await writer.start_tls(context)
            server_reader, server = await asyncio.open_connection(target.hostname, target.port)
            await asyncio.gather(forward(reader, server), forward(server_reader, writer))
        writer.close()

    async def serve() -> None:
        ended = asyncio.Event()
        async with await asyncio.start_server(serve_client, "127.0.0.1") as server:
            started.set_result((server.sockets[0].getsockname()[1], asyncio.get_running_loop(), ended))
            await ended.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    port, loop, ended = started.result()
    try:
        yield target._replace(netloc=f"{target.netloc.rpartition(':')[0]}:{port}").geturl()
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
