"""Maintenance of the store: purging, and a new epoch."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Final, NoReturn

from todo_api.container import Container
from todo_domain import StorageUnavailable, TaskStore

_BATCH: Final = 500
_ALL: Final = 2**31 - 1
_HOUR: Final = 3600.0
_log: Final = logging.getLogger(__name__)


async def purge(container: Container, *, dry_run: bool) -> AsyncIterator[int]:
    """Delete expired records in small batches; yield their total, then the number that each batch deleted.

    A dry run ends after the total. Raises StorageUnavailable.
    """
    async with container.task_repository() as store:
        yield await _purge_batch(store, container, limit=_ALL, dry_run=True)
        while not dry_run and (purged := await _purge_batch(store, container)):
            yield purged


async def purge_hourly(container: Container) -> NoReturn:
    """Delete expired records every hour while the server runs. After an error, the next try is an hour later."""
    while True:
        try:
            count = 0
            while purged := await _purge_batch(container.task_repository(), container):
                count += purged
            container.counts().purged_at = container.clock().now().timestamp()
            _log.info("purged", extra={"fields": {"count": count}})
        except StorageUnavailable:
            _log.warning("expired records can't be purged")
        except Exception:  # noqa: BLE001 - after any error, the next hour is another try
            _log.exception("expired records can't be purged")
        await asyncio.sleep(_HOUR)


async def _purge_batch(store: TaskStore, container: Container, limit: int = _BATCH, *, dry_run: bool = False) -> int:
    settings = container.settings()
    now = container.clock().now()
    purged = await store.purge(
        trash_before=now - settings.trash_age,
        deletions_before=now - settings.deletion_age,
        keys_before=now - settings.key_age,
        limit=limit,
        dry_run=dry_run,
    )
    purged += await store.access_tokens.purge(before=now, limit=limit - purged, dry_run=dry_run)
    return purged + await store.purge_erasures(before=now - settings.erasure_age, limit=limit - purged, dry_run=dry_run)


async def renew_epoch(container: Container) -> str:
    """Begin a new epoch, which invalidates all earlier feed tokens, and return it. Raises StorageUnavailable."""
    async with container.task_repository() as store:
        return await store.renew_epoch(at=container.clock().now())
