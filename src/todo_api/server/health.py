"""Whether the server can read, write and verify tokens, as `/health/ready` reports it."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Final, Self

from todo_domain import StoreMaintenance, TokenVerifier, Unavailable

CHECK_SECONDS: Final = 0.8
"""The longest time for a check: a probe gets its response within a second."""

PROBE_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Health:
    """What works."""

    reads: bool
    writes: bool
    keys: bool


class HealthMonitor:
    """Checks reads and keys when asked, once for all callers at the same time, and follows the results of writes.

    After a write has failed, `writes` is false until a probe write succeeds. The probe runs
    once a second and only then, so it costs nothing while writes succeed.
    """

    def __init__(
        self, store: StoreMaintenance, verifier: TokenVerifier, *, probe_seconds: float = PROBE_SECONDS
    ) -> None:
        self._store = store
        self._verifier = verifier
        self._probe_seconds = probe_seconds
        self._probing: asyncio.Task[None] | None = None
        self._checking: asyncio.Task[Health] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Cancel the checks that run."""
        tasks = [task for task in (self._probing, self._checking) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def write_failed(self) -> None:
        """Report that the store did not accept a write."""
        if self._probing is None:
            self._probing = asyncio.create_task(self._probe_writes())

    async def check(self) -> Health:
        """Return what works now. A check without a result within `CHECK_SECONDS` has failed."""
        if self._checking is None:
            self._checking = asyncio.create_task(self._check())
        return await asyncio.shield(self._checking)

    async def _check(self) -> Health:
        try:
            reads, keys = await asyncio.gather(_succeeds(self._store.check_reads()), _succeeds(self._verifier.check()))
            return Health(reads=reads, writes=self._probing is None, keys=keys)
        finally:
            self._checking = None

    async def _probe_writes(self) -> None:
        works = False
        while not works:
            await asyncio.sleep(self._probe_seconds)
            works = await _succeeds(self._store.check_writes())
        self._probing = None


async def _succeeds(check: Awaitable[None]) -> bool:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check
    except (Unavailable, TimeoutError):
        return False
    return True
