import asyncio

import pytest

from todo_adapters.sql.postgres.driver.fast_reads import DISTRUST_SECONDS, FAST_SECONDS, MAX_REMEMBERED, FastReads

pytestmark = pytest.mark.anyio

SEARCH, SORTED = "search", "sorted"
ROUND_TRIP = 0.25
SLOW = 2 * FAST_SECONDS


class Reads:
    """Reads on a clock that only they move."""

    def __init__(self) -> None:
        self.time = 100.0
        self.fast = FastReads(lambda: self.time)

    async def take(self, seconds: float, owner: str = "alice", statement: str = SEARCH) -> None:
        assert await self.fast.measured(owner, statement, self._read(seconds)) == "rows"

    async def _read(self, seconds: float) -> str:
        self.time += seconds
        return "rows"

    async def fail(self, seconds: float, error: BaseException) -> None:
        with pytest.raises(type(error)):
            await self.fast.measured("alice", SEARCH, self._fail(seconds, error))

    async def _fail(self, seconds: float, error: BaseException) -> None:
        self.time += seconds
        raise error


@pytest.fixture
async def reads() -> Reads:
    """Return reads of which one of another user was as fast as the network allows."""
    reads = Reads()
    await reads.take(ROUND_TRIP, "bob")
    return reads


async def test_a_statement_is_fast_only_after_it_was(reads: Reads) -> None:
    assert not reads.fast.includes("alice", SEARCH)

    await reads.take(ROUND_TRIP + FAST_SECONDS / 2)

    assert reads.fast.includes("alice", SEARCH)
    assert not reads.fast.includes("alice", SORTED)
    assert not reads.fast.includes("carol", SEARCH)


async def test_a_statement_that_takes_long_is_not_fast(reads: Reads) -> None:
    await reads.take(ROUND_TRIP + SLOW)

    assert not reads.fast.includes("alice", SEARCH)


async def test_after_a_slow_read_no_statement_of_its_owner_is_fast_for_a_time(reads: Reads) -> None:
    await reads.take(ROUND_TRIP)
    await reads.take(ROUND_TRIP, statement=SORTED)

    await reads.take(ROUND_TRIP + SLOW)

    assert not reads.fast.includes("alice", SORTED)
    reads.time += DISTRUST_SECONDS
    assert reads.fast.includes("alice", SORTED)
    assert not reads.fast.includes("alice", SEARCH)


async def test_a_slow_read_changes_nothing_for_others(reads: Reads) -> None:
    await reads.take(ROUND_TRIP + SLOW)

    assert reads.fast.includes("bob", SEARCH)


@pytest.mark.parametrize("error", [asyncio.CancelledError(), OSError()])
async def test_a_read_that_fails_is_not_fast(reads: Reads, error: BaseException) -> None:
    await reads.take(ROUND_TRIP)

    await reads.fail(0, error)

    assert not reads.fast.includes("alice", SEARCH)


async def test_what_is_remembered_does_not_grow_without_end(reads: Reads) -> None:
    for number in range(2 * MAX_REMEMBERED):
        await reads.take(ROUND_TRIP, f"fast-{number}")
        await reads.take(ROUND_TRIP + SLOW, f"slow-{number}")

    assert len(reads.fast) <= 2 * MAX_REMEMBERED
