"""Requests and responses as bytes on a socket."""

import re
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Reply:
    """All bytes received, and whether the server closed or reset the connection afterwards."""

    data: bytes
    closed: bool = False
    reset: bool = False

    @property
    def statuses(self) -> list[int]:
        """The status codes, in order."""
        return [int(status) for status in re.findall(rb"HTTP/1\.1 ([0-9]{3}) ", self.data)]

    @property
    def head(self) -> bytes:
        """The head of the first response, in lower case."""
        return self.data.partition(b"\r\n\r\n")[0].lower()

    @property
    def body(self) -> bytes:
        """What follows the head of the first response."""
        return self.data.partition(b"\r\n\r\n")[2]


def exchange(  # noqa: PLR0913 - how bytes can be sent
    port: int,
    *parts: bytes,
    pause: float = 0.05,
    half_close: bool = False,
    responses: int = 1,
    seconds: float = 20,
    tls: ssl.SSLContext | None = None,
) -> Reply:
    """Send parts with pauses, and read until the server closes or this number of responses is complete."""
    plain = socket.create_connection(("127.0.0.1", port), timeout=seconds)
    with tls.wrap_socket(plain) if tls else plain as connection:
        try:
            _send(connection, parts, pause)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
        except ConnectionError:
            pass  # The server may respond and close before it has everything.
        data = b""
        try:
            while _complete(data) < responses:
                received = connection.recv(65536)
                if not received:
                    return Reply(data, closed=True)
                data += received
            closed = b"connection: close" in data.lower() and not connection.recv(1)
        except ConnectionResetError:
            return Reply(data, closed=True, reset=True)
        return Reply(data, closed)


def _send(connection: socket.socket, parts: Sequence[bytes], pause: float) -> None:
    for number, part in enumerate(parts):
        if number:
            time.sleep(pause)
        connection.sendall(part)


def _complete(data: bytes) -> int:
    """Return how many responses are complete; a response without a length never is."""
    count = 0
    while b"\r\n\r\n" in data:
        head, _, data = data.partition(b"\r\n\r\n")
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        interim = head.startswith(b"HTTP/1.1 100")
        if not lengths and not interim and b" 204 " not in head[:14]:
            break
        length = int(lengths[0].split(b":")[1]) if lengths else 0
        if len(data) < length:
            break
        count += not interim
        data = data[length:]
    return count
