"""The connections that a pool keeps for the next call."""

import time
from collections import deque
from typing import Final

from todo_adapters.sql.postgres.driver.connection import Connection

_TRUSTED_SECONDS: Final = 20.0
_SURPLUS_SECONDS: Final = 600.0


class IdleConnections:
    """Connections that nothing uses, last in, first out. Those that stay unused for ten minutes are closed."""

    def __init__(self) -> None:
        self._kept: deque[tuple[Connection, float]] = deque()
        self._suspect_before = 0.0

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, connection: Connection) -> None:
        """Keep a connection after its use."""
        self._kept.append((connection, now := time.monotonic()))
        if self._kept[0][1] < now - _SURPLUS_SECONDS:
            self._kept.popleft()[0].close()

    def take_trusted(self) -> Connection | None:
        """Return the connection that was used last, if that was recently and the server has sent nothing since."""
        if self._kept:
            connection, since = self._kept[-1]
            trusted_since = max(time.monotonic() - _TRUSTED_SECONDS, self._suspect_before)
            if since > trusted_since and not connection.has_input():
                self._kept.pop()
                return connection
        return None

    async def take_tested(self) -> Connection | None:
        """Return the connection that was used last, if it works; otherwise close them all."""
        if not self._kept:
            return None
        connection, _ = self._kept.pop()
        is_writable = False
        try:
            is_writable = await connection.is_writable()
        finally:
            if not is_writable:
                connection.close()
                self.close()  # the others were used longer ago
        return connection if is_writable else None

    def suspect(self) -> None:
        """Require a test of every connection that is kept now before its next use: it may be broken too."""
        self._suspect_before = time.monotonic()

    def close(self) -> None:
        """Close all connections."""
        while self._kept:
            self._kept.pop()[0].close()
