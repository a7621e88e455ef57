"""Delete deletion records and idempotency keys, each kind in one statement."""

from contextlib import suppress
from datetime import datetime

from todo_adapters.sql.dialects import POSTGRESQL
from todo_adapters.sql.postgres import statements
from todo_adapters.sql.postgres.database import Database
from todo_domain import Quotas, Unavailable, UserId


async def purge(
    database: Database, deletions_before: datetime, keys_before: datetime, limit: int, *, dry_run: bool
) -> int:
    """See StoreMaintenance."""
    keys, deletions = (
        (statements.COUNT_OLD_KEYS, statements.COUNT_OLD_DELETIONS)
        if dry_run
        else (statements.FORGET_KEYS, statements.FORGET_DELETIONS)
    )
    forgotten = 0
    for statement, before in ((keys, keys_before), (deletions, deletions_before)):
        values = {"before": POSTGRESQL.write_instant(before), "limit": limit - forgotten}
        ((count,),) = await database.run(statement, values)
        forgotten += count
    return forgotten


async def forget_keys(database: Database, user_id: UserId, before: datetime, limit: int) -> int:
    """See TaskRepository."""
    values = {"user_id": user_id, "before": POSTGRESQL.write_instant(before), "limit": limit}
    ((count,),) = await database.run(statements.FORGET_KEYS_OF_USER, values)
    return int(count)


async def forget_surplus(database: Database, quotas: Quotas, user_id: UserId, deletion_count: int) -> None:
    """Forget the oldest deletions of a user if a write has left more than the quota."""
    if surplus := quotas.surplus_deletions(deletion_count):
        values = {"user_id": user_id, "limit": surplus, "deletion_count": deletion_count}
        # The write succeeded. If this fails, the next write tries again.
        with suppress(Unavailable):
            await database.run(statements.FORGET_OLDEST_DELETIONS, values)
