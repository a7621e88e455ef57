"""Erase tasks in the trash, and forget deletions and idempotency keys, each kind in one statement."""

from contextlib import suppress
from datetime import datetime

from todo_adapters.sql import rows
from todo_adapters.sql.dialects import POSTGRESQL
from todo_adapters.sql.postgres import statements
from todo_adapters.sql.postgres.database import Database
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
    trash, keys, deletions = (
        (statements.COUNT_OLD_TRASH, statements.COUNT_OLD_KEYS, statements.COUNT_OLD_DELETIONS)
        if dry_run
        else (statements.ERASE_OLD, statements.FORGET_KEYS, statements.FORGET_DELETIONS)
    )
    since = {"since": POSTGRESQL.write_instant(deletions_before), **rows.ERASED_VALUES}
    purged = 0
    for statement, before in ((trash, trash_before), (keys, keys_before), (deletions, deletions_before)):
        values = {**since, "before": POSTGRESQL.write_instant(before), "limit": limit - purged}
        ((count,),) = await database.run(statement, values)
        purged += count
    return purged


async def forget_keys(database: Database, user_id: UserId, before: datetime, limit: int) -> int:
    """See TaskRepository."""
    values = {"user_id": user_id, "before": POSTGRESQL.write_instant(before), "limit": limit}
    ((count,),) = await database.run(statements.FORGET_KEYS_OF_USER, values)
    return int(count)


async def erase_oldest(database: Database, user_id: UserId, *, up_to: int, limit: int, trash_count: int = 0) -> int:
    """See TaskRepository. Only if there are still `trash_count` tasks in the trash."""
    values = {"user_id": user_id, "up_to": up_to, "limit": limit, "trash_count": trash_count, **rows.ERASED_VALUES}
    ((count,),) = await database.run(statements.ERASE_OLDEST, values)
    return int(count)


async def forget_surplus(
    database: Database, quotas: Quotas, user_id: UserId, deletion_count: int, trash_count: int
) -> None:
    """Forget the oldest deletions, and erase the oldest tasks in the trash, above the quotas after a write."""
    # The write succeeded. If this fails, the next write tries again.
    with suppress(Unavailable):
        if surplus := quotas.surplus_deletions(deletion_count):
            values = {"user_id": user_id, "limit": surplus, "deletion_count": deletion_count}
            await database.run(statements.FORGET_OLDEST_DELETIONS, values)
        if surplus := quotas.surplus_trash(trash_count):
            await erase_oldest(database, user_id, up_to=MAX_REVISION, limit=surplus, trash_count=trash_count)
