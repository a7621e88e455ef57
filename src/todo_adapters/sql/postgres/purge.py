"""Delete old deletion records and idempotency keys, each kind in one statement."""

from datetime import datetime

from todo_adapters.sql.dialects import POSTGRESQL
from todo_adapters.sql.postgres import statements
from todo_adapters.sql.postgres.database import Database


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
