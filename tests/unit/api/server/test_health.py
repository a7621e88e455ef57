"""The health monitor without a server."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from tests.opening import open_at_once
from tests.tokens import SECRET
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_adapters.jwt.shared_secret import SharedSecretTokenVerifier
from todo_api.server import health
from todo_api.server.health import Health, HealthMonitor
from todo_domain import StorageUnavailable, TokenVerificationUnavailable

SOON = 0.001


class Clock:
    def now(self) -> datetime:
        return datetime(2026, 3, 1, 12, tzinfo=UTC)


class Verifier(SharedSecretTokenVerifier):
    """A verifier that may lack its keys."""

    has_keys = True

    def __init__(self) -> None:
        super().__init__([SECRET], Clock())

    async def check(self) -> None:
        if not self.has_keys:
            raise TokenVerificationUnavailable("no keys")


class Store(InMemoryTaskRepository):
    """A store that can fail, hang, and count its checks."""

    def __init__(self) -> None:
        super().__init__()
        self.read_checks = 0
        self.write_checks = 0
        self.readable = True
        self.writes_fail = 0
        self.hangs = False
        self.wrote = asyncio.Event()

    async def check_reads(self) -> None:
        self.read_checks += 1
        await (asyncio.Event().wait() if self.hangs else asyncio.sleep(0))
        if not self.readable:
            raise StorageUnavailable("not now")

    async def check_writes(self) -> None:
        self.write_checks += 1
        if self.write_checks <= self.writes_fail:
            raise StorageUnavailable("not now")
        self.wrote.set()


def run(test: Callable[[HealthMonitor, Store, Verifier], Awaitable[None]]) -> None:
    async def open_and_test() -> None:
        store, verifier = open_at_once(Store()), open_at_once(Verifier())
        async with HealthMonitor(store, verifier, probe_seconds=SOON) as monitor:
            await test(monitor, store, verifier)

    asyncio.run(open_and_test())


def test_a_store_and_keys_that_work_are_healthy_and_nothing_is_written() -> None:
    async def test(monitor: HealthMonitor, store: Store, _: Verifier) -> None:
        assert await monitor.check() == Health(reads=True, writes=True, keys=True)
        assert store.write_checks == 0

    run(test)


def test_each_part_that_does_not_work_is_reported_alone() -> None:
    async def test(monitor: HealthMonitor, store: Store, verifier: Verifier) -> None:
        store.readable = False
        assert await monitor.check() == Health(reads=False, writes=True, keys=True)

        store.readable, verifier.has_keys = True, False
        assert await monitor.check() == Health(reads=True, writes=True, keys=False)

    run(test)


def test_a_check_that_never_ends_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "CHECK_SECONDS", SOON)

    async def test(monitor: HealthMonitor, store: Store, _: Verifier) -> None:
        store.hangs = True
        assert await monitor.check() == Health(reads=False, writes=True, keys=True)

    run(test)


def test_readiness_is_known_within_a_second_and_writes_are_probed_once_a_second() -> None:
    assert health.CHECK_SECONDS < 1
    assert health.PROBE_SECONDS == 1


def test_callers_at_the_same_time_share_one_check() -> None:
    async def test(monitor: HealthMonitor, store: Store, _: Verifier) -> None:
        impatient = asyncio.create_task(monitor.check())
        others = [asyncio.create_task(monitor.check()) for _ in range(5)]
        await asyncio.sleep(0)
        impatient.cancel()

        assert await asyncio.gather(*others) == [Health(reads=True, writes=True, keys=True)] * 5
        assert store.read_checks == 1
        await monitor.check()
        assert store.read_checks == 2

    run(test)


def test_writes_are_unhealthy_after_a_failed_write_until_a_probe_succeeds() -> None:
    async def test(monitor: HealthMonitor, store: Store, _: Verifier) -> None:
        store.writes_fail = 2
        for _attempt in range(3):
            monitor.write_failed()

        assert await monitor.check() == Health(reads=True, writes=False, keys=True)
        await store.wrote.wait()
        assert await monitor.check() == Health(reads=True, writes=True, keys=True)
        assert store.write_checks == 3

    run(test)


def test_closing_ends_the_checks() -> None:
    async def open_and_close() -> None:
        store, verifier = open_at_once(Store()), open_at_once(Verifier())
        async with HealthMonitor(store, verifier) as monitor:
            store.hangs = True
            monitor.write_failed()
            check = asyncio.create_task(monitor.check())
            await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError):
            await check

    asyncio.run(open_and_close())
