"""Erase what is in the trash, and forget deletions and idempotency keys."""

from contextlib import suppress
from datetime import datetime

from todo_adapters.sql.dialects import POSTGRESQL
from todo_adapters.sql.erasing import permission_values
from todo_adapters.sql.postgres.database import Database
from todo_adapters.sql.postgres.erase import require_writable
from todo_adapters.sql.postgres.purging import (
    COUNT_OLD_DELETIONS,
    COUNT_OLD_KEYS,
    COUNT_OLD_PROJECTS,
    COUNT_OLD_TRASH,
    COUNT_OLD_TRASHED_PROJECTS,
    ERASE_OLD,
    ERASE_OLD_PROJECTS,
    ERASE_OLDEST,
    ERASE_TRASHED_PROJECTS,
    FORGET_DELETIONS,
    FORGET_KEYS,
    FORGET_KEYS_OF_USER,
    FORGET_OLDEST_DELETIONS,
    FORGET_PROJECTS,
)
from todo_adapters.sql.projects import ERASED_PROJECT
from todo_adapters.sql.purging import ERASED_VALUES
from todo_domain import Quotas, Unavailable, UserId
from todo_domain.task import MAX_REVISION


async def purge(  # noqa: PLR0913 - the arguments of `purge`, and where
    database: Database,
    trash_before: datetime,
    deletions_before: datetime,
    keys_before: datetime,
    limit: int,
    *,
    dry_run: bool,
) -> int:
    """See StoreMaintenance."""
    since = {"since": POSTGRESQL.write_instant(deletions_before), **ERASED_VALUES, **ERASED_PROJECT}
    purged = 0
    for forget, count_old, before in (
        (ERASE_OLD_PROJECTS, COUNT_OLD_TRASHED_PROJECTS, trash_before),
        (ERASE_OLD, COUNT_OLD_TRASH, trash_before),
        (FORGET_KEYS, COUNT_OLD_KEYS, keys_before),
        (FORGET_DELETIONS, COUNT_OLD_DELETIONS, deletions_before),
        (FORGET_PROJECTS, COUNT_OLD_PROJECTS, deletions_before),
    ):
        values = {**since, "before": POSTGRESQL.write_instant(before), "limit": limit - purged}
        ((count,),) = await database.run(count_old if dry_run else forget, values)
        purged += count
    return purged


async def forget_keys(database: Database, user_id: UserId, before: datetime, limit: int) -> int:
    """See TaskRepository."""
    values = {"user_id": user_id, "before": POSTGRESQL.write_instant(before), "limit": limit}
    ((count,),) = await database.run(FORGET_KEYS_OF_USER, values)
    return int(count)


async def erase_oldest(database: Database, user_id: UserId, *, up_to: int, limit: int) -> int:
    """See TaskRepository."""
    values = {"user_id": user_id, "up_to": up_to, **permission_values(POSTGRESQL, user_id)}
    ((projects,),) = await database.run(ERASE_TRASHED_PROJECTS, {**values, **ERASED_PROJECT})
    erased = int(projects) + await _erase_oldest_tasks(database, user_id, up_to=up_to, limit=limit)
    if not erased:
        await require_writable(database, user_id)
    return erased


async def _erase_oldest_tasks(
    database: Database, user_id: UserId, *, up_to: int, limit: int, trash_count: int = 0
) -> int:
    """Erase tasks in the trash, if there are still `trash_count`."""
    values = {"user_id": user_id, "up_to": up_to, "limit": limit, "trash_count": trash_count}
    values |= {**permission_values(POSTGRESQL, user_id), **ERASED_VALUES}
    ((count,),) = await database.run(ERASE_OLDEST, values)
    return int(count)


async def forget_surplus(
    database: Database, quotas: Quotas, user_id: UserId, deletion_count: int, trash_count: int
) -> None:
    """Erase the oldest tasks in the trash, and forget the oldest deletions, above the quotas after a write."""
    # The write succeeded. If this fails, the next write tries again.
    with suppress(Unavailable):
        # Forgetting deletions can change the number of tasks in the trash, but not the reverse.
        if surplus := quotas.surplus_trash(trash_count):
            await _erase_oldest_tasks(database, user_id, up_to=MAX_REVISION, limit=surplus, trash_count=trash_count)
        if surplus := quotas.surplus_deletions(deletion_count):
            values = {"user_id": user_id, "limit": surplus, "deletion_count": deletion_count}
            await database.run(FORGET_OLDEST_DELETIONS, values)
