"""Settings of a session: how PostgreSQL plans, and when it ends what its client has given up.

Without the timeouts, the locks of a transaction whose client is silent are held until the
server's TCP gives up, after two hours by default. `$1` is a time in milliseconds.
"""

from typing import Final

from todo_adapters.sql.dialects import Statement

_TRANSACTION_TIMEOUT_SINCE: Final = 170000
_TIMEOUTS: Final = {"statement_timeout": "$1", "idle_in_transaction_session_timeout": "$1"}

_PLANNING: Final = {
    # Pages in use are in memory. Otherwise PostgreSQL reads tasks that are spread over a list through a bitmap.
    "random_page_cost": "'1'",
    # Starting a worker takes longer than a page of a list, and the statement of one user would occupy several cores.
    "max_parallel_workers_per_gather": "'0'",
}


def _settings(*, local: bool, **values: str) -> Statement:
    calls = ", ".join(f"set_config('{name}', {value}, {local})" for name, value in values.items())
    return Statement(f"SELECT {calls}", ("milliseconds",))


LIMIT_SESSION: Final = _settings(
    local=False,
    **_TIMEOUTS,
    tcp_user_timeout="$1",
    tcp_keepalives_idle="'5'",
    tcp_keepalives_interval="'2'",
    tcp_keepalives_count="'2'",
    **_PLANNING,
)
"""For direct connections only: behind a pooler, a session's settings would reach other clients."""

_LIMIT_STEPS: Final = _settings(local=True, **_TIMEOUTS)
_LIMIT_TRANSACTION: Final = _settings(local=True, **_TIMEOUTS, transaction_timeout="$1")


def limit_transaction(server_version: int) -> Statement:
    """Return the statement that limits the current transaction.

    Before PostgreSQL 17, nothing limits the time in which the client sends the steps of one pipeline.
    """
    return _LIMIT_TRANSACTION if server_version >= _TRANSACTION_TIMEOUT_SINCE else _LIMIT_STEPS
