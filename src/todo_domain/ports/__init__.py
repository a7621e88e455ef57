"""The ports: what the domain requires of a store of tasks and access tokens, of a verifier of tokens, and of a clock.

The words MUST, MUST NOT and MAY are those of RFC 2119. The contract kit,
`todo_adapters.contract`, tests whether an adapter does what it must.

An adapter that needs opening is an async context manager: `async with adapter:`.

- Entering opens it and MUST return the adapter itself. When entering raises, the adapter
  MUST NOT hold any resource: the caller does not exit it.
- Exiting closes it and MUST release every resource. Calls that are in progress MAY finish or
  raise `Unavailable`.
- Before it is opened and after it was closed, every method MUST raise NotOpen and MUST NOT
  have any effect.
- A closed adapter MUST be able to open again, also in another event loop. A store that is
  durable MUST then have everything that was written to it.
- A caller MUST NOT open an adapter that is open, and MUST use it in the event loop that
  opened it.
"""

from todo_domain.ports.access_token_repository import AccessTokenRepository
from todo_domain.ports.clock import Clock
from todo_domain.ports.snapshot_source import SNAPSHOT_SECONDS, SnapshotSource
from todo_domain.ports.store_maintenance import StoreMaintenance, TaskStore
from todo_domain.ports.task_repository import MAX_MANY, Added, Edit, Guard, TaskRepository
from todo_domain.ports.token_verifier import TokenVerifier

__all__ = [
    "MAX_MANY",
    "SNAPSHOT_SECONDS",
    "AccessTokenRepository",
    "Added",
    "Clock",
    "Edit",
    "Guard",
    "SnapshotSource",
    "StoreMaintenance",
    "TaskRepository",
    "TaskStore",
    "TokenVerifier",
]
