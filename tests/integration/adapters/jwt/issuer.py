"""An issuer that publishes its keys over HTTP, with configurable faults."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from tests.signing_keys import SigningKey
from tests.tokens import CLAIMS, SECONDS

URL = "https://auth.example"
KEY = SigningKey.generate()
DAY = 24 * 3600


def token(key: SigningKey = KEY, *, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """Return a token of this issuer that is valid for a day."""
    return key.sign({**CLAIMS, "iss": URL, "aud": URL, "exp": SECONDS + DAY, **claims}, **(header or {}))


class Issuer:
    """Responds to every request as its attributes say, and records the requested paths."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.status = 200
        self.headers: dict[str, str] = {}
        self.body = b""
        self.endless = b""
        self.open = asyncio.Event()
        self.open.set()
        self.requested = asyncio.Event()
        self.address = ""
        self._responding: set[asyncio.Task[None]] = set()
        self.publish(KEY)

    @property
    def jwks_url(self) -> str:
        return f"http://{self.address}/api/auth/jwks"

    @property
    def fetches(self) -> int:
        return len(self.paths)

    def publish(self, *keys: SigningKey) -> None:
        self.body = json.dumps({"keys": [key.jwk for key in keys]}).encode()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Issuer"]:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.address = "{}:{}".format(*server.sockets[0].getsockname())
        async with server:
            yield self
            for responding in self._responding:
                responding.cancel()
            await asyncio.gather(*self._responding, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        responding = asyncio.create_task(self._respond(reader, writer))
        self._responding.add(responding)

        def close(_: asyncio.Task[None]) -> None:
            self._responding.discard(responding)
            writer.close()  # here, because a task that is cancelled before its first step runs no `finally`

        responding.add_done_callback(close)

    async def _respond(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, EOFError):
            request = await reader.readuntil(b"\r\n\r\n")
            self.paths.append(request.split()[1].decode())
            self.requested.set()
            await self.open.wait()
            headers = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
            writer.write(f"HTTP/1.1 {self.status} -\r\nconnection: close\r\n{headers}\r\n".encode() + self.body)
            while self.endless and not writer.is_closing():
                writer.write(self.endless)
                await writer.drain()
                await asyncio.sleep(0.001)
