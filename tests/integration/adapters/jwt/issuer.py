"""An issuer of tokens that publishes its keys over HTTP, well or badly."""

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
    """Answers every request as its attributes say, and notes the paths that were asked for."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.status = 200
        self.headers: dict[str, str] = {}
        self.body = b""
        self.endless = b""
        self.open = asyncio.Event()
        self.open.set()
        self.asked = asyncio.Event()
        self.address = ""
        self._answering: set[asyncio.Task[None]] = set()
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
            for answering in self._answering:
                answering.cancel()
            await asyncio.gather(*self._answering, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answering = asyncio.create_task(self._answer(reader, writer))
        self._answering.add(answering)
        answering.add_done_callback(self._answering.discard)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            try:
                request = await reader.readuntil(b"\r\n\r\n")
                self.paths.append(request.split()[1].decode())
                self.asked.set()
                await self.open.wait()
                headers = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
                writer.write(f"HTTP/1.1 {self.status} -\r\nconnection: close\r\n{headers}\r\n".encode() + self.body)
                while self.endless:
                    writer.write(self.endless)
                    await writer.drain()
                    await asyncio.sleep(0.001)
            finally:
                writer.close()
                await writer.wait_closed()
