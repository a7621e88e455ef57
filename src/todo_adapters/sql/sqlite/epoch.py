"""Begin a new epoch of an SQLite store."""

import secrets
import sqlite3
from datetime import datetime
from typing import Final

from todo_adapters.sql import statements
from todo_adapters.sql.dialects import SQLITE
from todo_domain import revision_floor

_RENEW_EPOCH: Final = SQLITE.compile(statements.RENEW_EPOCH)


def renew_epoch(connection: sqlite3.Connection, at: datetime) -> str:
    """See StoreMaintenance."""
    epoch = secrets.token_hex(4)
    connection.execute(_RENEW_EPOCH, {"epoch": epoch, "revision_floor": revision_floor(at)})
    return epoch
