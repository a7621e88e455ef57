"""The writes of a response, and when they are sent."""

import asyncio

import pytest

from todo_api.server.uvicorn_protocol import CoalescingTransport

pytestmark = pytest.mark.anyio


class Wire(asyncio.Transport):
    """A transport that records each write."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 4711)})
        self.sent: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.closed
        self.sent.append(bytes(data))

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


async def loop_iteration() -> None:
    await asyncio.sleep(0)


async def test_the_headers_of_a_response_are_sent_with_its_body() -> None:
    wire = Wire()
    transport = CoalescingTransport(wire)

    transport.write(b"head ")
    transport.write(b"body")

    assert wire.sent == [b"head body"]
    await loop_iteration()
    assert wire.sent == [b"head body"]


async def test_headers_are_not_held_back_for_a_later_body() -> None:
    wire = Wire()
    transport = CoalescingTransport(wire)

    transport.write(b"head ")
    await loop_iteration()
    assert wire.sent == [b"head "]
    transport.write(b"an event")
    await loop_iteration()

    assert wire.sent == [b"head ", b"an event"]


async def test_of_many_parts_at_most_one_is_held_back() -> None:
    wire = Wire()
    transport = CoalescingTransport(wire)

    for part in (b"1", b"2", b"3", b"4", b"5"):
        transport.write(part)

    assert wire.sent == [b"12", b"34"]
    await loop_iteration()
    assert wire.sent == [b"12", b"34", b"5"]


async def test_held_data_is_sent_before_the_end() -> None:
    wire = Wire()
    transport = CoalescingTransport(wire)
    transport.write(b"goodbye")

    transport.close()

    assert wire.sent == [b"goodbye"]
    assert wire.closed
    await loop_iteration()


async def test_held_data_is_dropped_when_the_client_disconnects() -> None:
    wire = Wire()
    transport = CoalescingTransport(wire)
    transport.write(b"head ")

    wire.close()
    await loop_iteration()

    assert wire.sent == []


async def test_all_other_methods_are_those_of_the_transport() -> None:
    wire = Wire()

    transport = CoalescingTransport(wire)

    assert transport.get_extra_info("peername") == ("127.0.0.1", 4711)
    assert not transport.is_closing()
