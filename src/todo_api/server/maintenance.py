"""What an operator does to a store besides serving it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable
from datetime import timedelta
from typing import Final, NoReturn

from todo_api.container import Container
from todo_domain import StorageUnavailable, StoreMaintenance, Unavailable

_BATCH: Final = 500
_ALL: Final = 2**31 - 1
_HOUR: Final = 3600.0
_log: Final = logging.getLogger(__name__)


async def faults(container: Container) -> dict[str, str | None]:
    """Say of the database and of the keys why they can't be used, or None if they can."""

    async def check_database() -> None:
        async with container.task_repository() as store:
            await store.check()

    async with container.token_verifier() as verifier:
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
    async with container.task_repository() as store:
        yield await _forget(store, container, limit=_ALL, dry_run=True)
        while not dry_run and (forgotten := await _forget(store, container)):
            yield forgotten


async def purge_hourly(container: Container) -> NoReturn:
    """Do the same beside traffic, for as long as the server lives; what fails is tried again an hour later."""
    while True:
        try:
            while await _forget(container.task_repository(), container):
                pass
        except StorageUnavailable:
            _log.warning("what is past its time could not be forgotten")
        except Exception:  # noqa: BLE001 - whatever it was, the next hour is another try
            _log.exception("what is past its time could not be forgotten")
        await asyncio.sleep(_HOUR)


async def _forget(store: StoreMaintenance, container: Container, limit: int = _BATCH, *, dry_run: bool = False) -> int:
    settings = container.settings()
    now = container.clock().now()
    return await store.purge(
        deletions_before=now - timedelta(days=settings.deletions_days),
        keys_before=now - timedelta(hours=settings.idempotency_hours),
        limit=limit,
        dry_run=dry_run,
    )


async def renew_epoch(container: Container) -> str:
    """Begin a new epoch, in which no token or revision of before counts; return it. Raises StorageUnavailable."""
    async with container.task_repository() as store:
        return await store.renew_epoch(at=container.clock().now())
