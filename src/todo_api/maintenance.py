"""What an operator does to a store besides serving it."""

from collections.abc import AsyncIterator, Awaitable
from datetime import timedelta
from typing import Final

from todo_api.container import Container, opened_store, opened_verifier
from todo_domain import Unavailable

_BATCH: Final = 500
_ALL: Final = 2**31 - 1


async def faults(container: Container) -> dict[str, str | None]:
    """Say of the database and of the keys why they can't be used, or None if they can."""

    async def check_database() -> None:
        async with opened_store(container) as store:
            await store.check()

    async with opened_verifier(container) as verifier:
        return {"database": await _fault(check_database()), "keys": await _fault(verifier.check())}


async def _fault(check: Awaitable[None]) -> str | None:
    try:
        await check
    except Unavailable as error:
        return str(error)
    return None


async def purge(container: Container, *, dry_run: bool) -> AsyncIterator[int]:
    """Forget what is past its time, in small batches; yield how much there is, then how much each batch forgot.

    A dry run ends after it has counted. Raises StorageUnavailable.
    """
    settings = container.settings()
    now = container.clock().now()
    deletions_before = now - timedelta(days=settings.deletions_days)
    keys_before = now - timedelta(hours=settings.idempotency_hours)
    async with opened_store(container) as store:
        yield await store.purge(deletions_before=deletions_before, keys_before=keys_before, limit=_ALL, dry_run=True)
        while not dry_run and (
            forgotten := await store.purge(deletions_before=deletions_before, keys_before=keys_before, limit=_BATCH)
        ):
            yield forgotten


async def renew_epoch(container: Container) -> str:
    """Make every token of the change feed expire; return the new epoch. Raises StorageUnavailable."""
    async with opened_store(container) as store:
        return await store.renew_epoch()
