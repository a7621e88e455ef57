"""A socket that stays registered with the event loop hides no event and repeats none, on both event loops."""

import asyncio
import socket
import struct
from collections.abc import Iterator
from typing import Any

import pytest

from todo_adapters.sql.postgres.driver.socket_reader import SocketReader

pytestmark = pytest.mark.anyio

RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@pytest.fixture(params=["uvloop", pytest.param("asyncio", marks=pytest.mark.plain_asyncio)], autouse=True)
def event_loop_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two ends of a TCP connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        near = socket.create_connection(listener.getsockname())
        far, _ = listener.accept()
    with near, far:
        near.setblocking(False)
        yield near, far


class CountingReader(SocketReader):
    """Counts the events of its socket."""

    events = 0

    def _tell(self) -> None:
        self.events += 1
        super()._tell()


def reset(far: socket.socket) -> None:
    far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    far.close()


async def some_iterations() -> None:
    for _ in range(5):
        await asyncio.sleep(0.001)


async def exchange(reader: SocketReader, near: socket.socket, far: socket.socket) -> bytes:
    waiting = reader.wait()
    far.send(b"x")
    async with asyncio.timeout(30):
        await waiting
    return near.recv(16)


async def test_every_wait_ends_when_something_arrives(pair: tuple[socket.socket, socket.socket]) -> None:
    near, far = pair
    reader = SocketReader(near.fileno())
    for _ in range(3):
        assert await exchange(reader, near, far) == b"x"
        await some_iterations()
        assert not reader.has_input()
    assert await exchange(reader, near, far) == b"x"
    reader.close()


async def test_a_socket_without_input_stays_registered_on_uvloop(
    pair: tuple[socket.socket, socket.socket], event_loop_kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, registrations = asyncio.get_running_loop(), []
    add_reader = loop.add_reader

    def count(*call: Any) -> None:
        registrations.append(call)
        add_reader(*call)

    monkeypatch.setattr(loop, "add_reader", count)
    near, far = pair
    reader = SocketReader(near.fileno())
    for _ in range(3):
        await exchange(reader, near, far)
        await some_iterations()
        assert not reader.has_input()
    reader.close()
    assert len(registrations) == {"uvloop": 1, "asyncio": 3}[event_loop_kind]


async def test_an_event_that_nothing_waits_for_is_reported_once(pair: tuple[socket.socket, socket.socket]) -> None:
    near, far = pair
    reader = CountingReader(near.fileno())
    await exchange(reader, near, far)
    await some_iterations()
    reader.events = 0
    far.close()
    await some_iterations()
    assert reader.events <= 1
    assert reader.has_input()


async def test_nothing_is_reported_after_the_reader_is_closed(pair: tuple[socket.socket, socket.socket]) -> None:
    near, far = pair
    reader = CountingReader(near.fileno())
    reader.wait().cancel()
    reader.close()
    far.close()
    await some_iterations()
    assert reader.events == 0


async def test_a_reset_ends_the_present_wait_and_every_later_one(pair: tuple[socket.socket, socket.socket]) -> None:
    near, far = pair
    reader = SocketReader(near.fileno())
    await exchange(reader, near, far)
    assert not reader.has_input()
    waiting = reader.wait()
    reset(far)
    async with asyncio.timeout(30):
        await waiting
        for _ in range(3):
            await reader.wait()
            assert reader.has_input()
    reader.close()


async def test_a_reset_that_nothing_waits_for_ends_the_next_wait(pair: tuple[socket.socket, socket.socket]) -> None:
    near, far = pair
    reader = SocketReader(near.fileno())
    await exchange(reader, near, far)
    reset(far)
    await some_iterations()
    assert reader.has_input()
    async with asyncio.timeout(30):
        await reader.wait()
    reader.close()
