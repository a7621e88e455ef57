"""The quotas in PostgreSQL: their bounds as parameters of statements, and the error of a refused write."""

from typing import Final

from todo_adapters.sql import rows, statements
from todo_adapters.sql.dialects import POSTGRESQL
from todo_adapters.sql.postgres.database import Database
from todo_domain import Quotas, Task

_COUNTERS: Final = POSTGRESQL.compile(statements.COUNTERS)
_NO_BOUND: Final = 2**62


def bound_values(quotas: Quotas) -> dict[str, int]:
    """Return the parameters that the statements in `statements` compare the counters with."""
    return {
        "max_open_tasks": quotas.max_open_tasks or _NO_BOUND,
        "max_tasks": quotas.max_tasks or _NO_BOUND,
        "max_keys": quotas.max_keys or _NO_BOUND,
    }


async def check_quotas(database: Database, quotas: Quotas, change: Task, previous: Task | None, keys: int) -> None:
    """Raise the error of a change that a statement refused; return if it is possible by now.

    Raises TokenRejected and ErasureInProgress too.
    """
    (row,) = await database.run(_COUNTERS, {"user_id": change.user_id})
    counters = rows.read_counters(POSTGRESQL, change.user_id, row)
    quotas.check(counters, counters.after(change, previous).with_outcomes(keys))
