"""Open the store of a serving process. It waits for a database that is down, but not for one that can't be used."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from todo_api.container import Container
from todo_api.server.maintenance import purge_hourly
from todo_domain import StorageUnavailable, StoreUnusable

RETRY_SECONDS: Final = 0.5
_LOG_SECONDS: Final = 30.0
_log: Final = logging.getLogger(__name__)


def can_wait(container: Container, error: StorageUnavailable) -> bool:
    """Return whether the store may become usable without its operator: a server may return, a file does not change."""
    return not isinstance(error, StoreUnusable) and not container.settings().sqlite_path


@asynccontextmanager
async def store_kept_open(container: Container) -> AsyncIterator[None]:
    """Keep the store open, and purge it every hour. While the database is down, try again every half second.

    Raises StorageUnavailable if the first attempt finds that the store can't be used. If a
    later attempt finds this, the process ends.
    """
    attempted = asyncio.Event()
    keeping = asyncio.create_task(_keep_open(container, attempted))
    waiting = asyncio.create_task(attempted.wait())
    try:
        await asyncio.wait([keeping, waiting], return_when=asyncio.FIRST_COMPLETED)
        if keeping.done():
            keeping.result()
        keeping.add_done_callback(partial(_end_process, container))
        yield
    finally:
        for task in (keeping, waiting):
            task.cancel()
        await asyncio.wait([keeping, waiting])


def _end_process(container: Container, keeping: "asyncio.Task[None]") -> None:
    if not keeping.cancelled() and (error := keeping.exception()):
        _log.error("the database can't be used", extra={"fields": {"reason": str(error)}})
        container.shutdown().fail()


async def _keep_open(container: Container, attempted: asyncio.Event) -> None:
    next_line = 0.0
    while True:
        try:
            async with container.task_repository():
                if attempted.is_set():
                    _log.info("the database is available")
                attempted.set()
                await purge_hourly(container)
        except StorageUnavailable as error:
            if not can_wait(container, error):
                raise
            if (now := asyncio.get_running_loop().time()) >= next_line:
                _log.warning("waiting for the database", extra={"fields": {"reason": str(error)}})
                next_line = now + _LOG_SECONDS
        attempted.set()
        await asyncio.sleep(RETRY_SECONDS)
