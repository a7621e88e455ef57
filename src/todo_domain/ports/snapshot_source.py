"""The part of the port to a store of tasks that reads everything of a user."""

from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol

from todo_domain.identity import UserId
from todo_domain.snapshot import Snapshot

SNAPSHOT_SECONDS: Final = 30.0
"""The longest time that taking a snapshot may take."""


class SnapshotSource(Protocol):
    """Takes snapshots: a part of TaskRepository, whose rules apply here too."""

    def snapshot(self, user_id: UserId) -> AbstractAsyncContextManager[Snapshot]:
        """Take a snapshot of everything that the user has, as an async context manager.

        - Entering MUST read the whole content in one atomic step: every project and every task
          that exists or is in the trash, in the order that Snapshot names, and the counters.
          A deletion without content MUST be left out.
        - Writes of this user and of others MUST be possible meanwhile, and MUST NOT change what
          the snapshot returns.
        - After entering, until it exits, the snapshot MUST NOT hold a connection, a lock or a
          transaction of the store: the caller may take any time to read it.
        - The memory that it needs MUST NOT depend on the number of tasks, in a store that does not
          have the tasks in memory.
        - Entering MUST raise StorageOverloaded when the snapshot would exceed a bound of the adapter,
          or would wait too long for others, and StorageUnavailable after `SNAPSHOT_SECONDS`.
        - Exiting MUST release everything, whether or not the chunks were read.
        """
        ...
