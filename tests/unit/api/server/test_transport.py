"""How a ResponseTransport buffers, sends and closes."""

import asyncio

import pytest

from todo_api.server.transport import ResponseTransport

pytestmark = pytest.mark.anyio


class Wire(asyncio.Transport):
    """A transport that records every write."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 4711)})
        self.sent: list[bytes] = []
        self.closed = False
        self.half_closed = False
        self.has_half_closed_state = True

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.closed
        self.sent.append(bytes(data))

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def can_write_eof(self) -> bool:
        return self.has_half_closed_state

    def write_eof(self) -> None:
        self.half_closed = True


async def turn_of_the_loop() -> None:
    await asyncio.sleep(0)


async def test_the_head_of_a_response_is_sent_together_with_its_body() -> None:
    wire = Wire()
    transport = ResponseTransport(wire, lambda: True)

    transport.write(b"head ")
    transport.write(b"body")

    assert wire.sent == [b"head body"]
    await turn_of_the_loop()
    assert wire.sent == [b"head body"]


async def test_a_head_without_a_body_is_sent_in_the_next_loop_iteration() -> None:
    wire = Wire()
    transport = ResponseTransport(wire, lambda: True)

    transport.write(b"head ")
    await turn_of_the_loop()
    assert wire.sent == [b"head "]
    transport.write(b"an event")
    await turn_of_the_loop()

    assert wire.sent == [b"head ", b"an event"]


async def test_at_most_one_part_is_buffered() -> None:
    wire = Wire()
    transport = ResponseTransport(wire, lambda: True)

    for part in (b"1", b"2", b"3", b"4", b"5"):
        transport.write(part)

    assert wire.sent == [b"12", b"34"]
    await turn_of_the_loop()
    assert wire.sent == [b"12", b"34", b"5"]


async def test_closing_sends_the_buffered_part_first() -> None:
    wire = Wire()
    transport = ResponseTransport(wire, lambda: True)
    transport.write(b"goodbye")

    transport.close()

    assert wire.sent == [b"goodbye"]
    assert wire.closed
    await turn_of_the_loop()


async def test_the_buffered_part_is_dropped_when_the_client_disconnects() -> None:
    wire = Wire()
    transport = ResponseTransport(wire, lambda: True)
    transport.write(b"head ")

    wire.close()
    await turn_of_the_loop()

    assert wire.sent == []


async def test_other_calls_go_to_the_underlying_transport() -> None:
    wire = Wire()

    transport = ResponseTransport(wire, lambda: True)

    assert transport.get_extra_info("peername") == ("127.0.0.1", 4711)
    assert not transport.is_closing()


async def test_after_an_unread_request_only_the_sending_side_is_closed_until_the_second_close() -> None:
    wire = Wire()
    transport = ResponseTransport(wire, lambda: False)
    transport.write(b"refused")

    transport.close()

    assert (wire.sent, wire.half_closed, wire.closed) == ([b"refused"], True, False)
    assert transport.is_closing()


async def test_nothing_is_sent_after_the_first_close() -> None:
    wire = Wire()
    transport = ResponseTransport(wire, lambda: False)
    transport.close()

    transport.write(b"too late")
    await turn_of_the_loop()
    transport.close()

    assert wire.sent == []
    assert wire.closed


async def test_tls_is_closed_by_a_second_close_without_a_half_close() -> None:
    wire = Wire()
    wire.has_half_closed_state = False
    transport = ResponseTransport(wire, lambda: False)

    transport.close()
    assert not wire.half_closed
    assert not wire.closed
    transport.close()

    assert wire.closed


async def test_a_transport_that_was_closed_by_the_client_is_closed_at_once() -> None:
    wire = Wire()
    transport = ResponseTransport(wire, lambda: False)
    wire.close()

    transport.close()

    assert not wire.half_closed
