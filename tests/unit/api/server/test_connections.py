"""The registry of connections: progress, and the rate of its log lines."""

import asyncio
import logging
from collections.abc import Iterable

import pytest

from todo_api.server.connections import Connections, Limits, Tally, Wait

pytestmark = pytest.mark.anyio

LIMITS = Limits(connections=10, progress_seconds=0.03, sweep_seconds=0.005)


class Connection:
    """A connection whose client reads some bytes before each look at it."""

    def __init__(self, unsent: Iterable[int]) -> None:
        self._unsent = iter(unsent)
        self.looks = 0
        self.aborted = asyncio.Event()

    def unsent_bytes(self) -> int:
        self.looks += 1
        return next(self._unsent)

    def expire(self, wait: Wait) -> None:
        raise AssertionError(wait)

    def abort(self) -> None:
        self.aborted.set()

    def is_new(self) -> bool:
        return False


async def test_a_response_is_aborted_when_its_client_stops_reading() -> None:
    reads = 20
    connection = Connection([*range(1000, 1000 - reads, -1), *[1] * 100_000])
    connections = Connections(LIMITS)

    connections.begin_unsent(connection, 1000)
    async with asyncio.timeout(20):
        await connection.aborted.wait()
    connections.close()

    assert connection.looks > reads  # for longer than the deadline it was read


def test_the_log_has_one_line_for_many_connections_and_no_second_one_soon(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    tally = Tally()

    for now in (100.0, 101.0, 109.0, 110.0, 111.0):
        for _ in range(1000):
            tally.count("head")
        tally.log(now)

    assert [vars(record)["fields"] for record in caplog.records] == [
        {"counts": {"head": 1000}},
        {"counts": {"head": 3000}},
    ]
