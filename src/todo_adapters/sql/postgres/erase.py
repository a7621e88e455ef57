"""Erase everything of a user: each step is one transaction and one round trip."""

from datetime import datetime
from typing import Any, Final

from todo_adapters.sql import erasing
from todo_adapters.sql.dialects import POSTGRESQL
from todo_adapters.sql.erasing import require_permitted
from todo_adapters.sql.postgres.access_tokens import LOCK_TOKENS
from todo_adapters.sql.postgres.database import Database
from todo_adapters.sql.postgres.driver.connection import BEGIN, COMMIT, Connection
from todo_adapters.sql.postgres.timeline import REVISION_FLOOR
from todo_domain import UserId

_MARK: Final = POSTGRESQL.compile(erasing.mark(POSTGRESQL, REVISION_FLOOR))
_DELETE_SOME: Final = [POSTGRESQL.compile(each) for each in erasing.DELETE_SOME]
_FINISH: Final = POSTGRESQL.compile(erasing.FINISH)
_STATE: Final = POSTGRESQL.compile(erasing.STATE)
_ERASED_SINCE: Final = POSTGRESQL.compile(erasing.ERASED_SINCE)
_UNFINISHED: Final = POSTGRESQL.compile(erasing.UNFINISHED)
_OLD: Final = POSTGRESQL.compile(erasing.OLD)
_LOCK_OLD: Final = POSTGRESQL.compile(erasing.LOCK_OLD)
_FORGET: Final = [POSTGRESQL.compile(each) for each in erasing.FORGET]


async def erase_user(database: Database, user_id: UserId, at: datetime, limit: int) -> bool:
    """See TaskRepository."""
    values = {"user_id": user_id, "erased_at": POSTGRESQL.write_instant(at), "limit": limit}

    async def erase(connection: Connection) -> bool:
        # The mark also locks the list if it changes nothing.
        steps = [(each, values) for each in (LOCK_TOKENS, _MARK, *_DELETE_SOME, _FINISH, _STATE)]
        *_, state, _ = await connection.run_all([(BEGIN, {}), connection.limit_transaction, *steps, (COMMIT, {})])
        return not state[0][1]

    return await database.transact(user_id, erase, repeatable=True)


async def erased_since(database: Database, since: datetime) -> dict[UserId, datetime]:
    """See StoreMaintenance."""
    found = await database.run(_ERASED_SINCE, {"since": POSTGRESQL.write_instant(since)})
    return {UserId(user_id): erased_at for user_id, erased_at in found}


async def purge_erasures(database: Database, before: datetime, limit: int, *, dry_run: bool) -> int:
    """See StoreMaintenance."""
    values = {"before": POSTGRESQL.write_instant(before), "limit": limit}
    unfinished = await database.run(_UNFINISHED, values)
    old = await database.run(_OLD, {**values, "limit": limit - len(unfinished)})
    for user_id, erased_at in () if dry_run else unfinished:
        await erase_user(database, UserId(user_id), erased_at, max(1, limit // len(unfinished)))
    for user_id, _ in () if dry_run else old:
        await _forget(database, {**values, "user_id": user_id})
    return len(unfinished) + len(old)


async def require_writable(database: Database, user_id: UserId) -> None:
    """Raise TokenRejected or ErasureInProgress if the user must not write."""
    require_permitted(POSTGRESQL, user_id, await database.run(_STATE, {"user_id": user_id}))


async def _forget(database: Database, values: dict[str, Any]) -> None:
    async def forget(connection: Connection) -> None:
        # Statements after the lock see what the writer before it has written.
        steps = [(each, values) for each in (_LOCK_OLD, *_FORGET)]
        await connection.run_all([(BEGIN, {}), connection.limit_transaction, *steps, (COMMIT, {})])

    await database.transact(values["user_id"], forget, repeatable=True)
