"""The port to a store of tasks for the operator."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from todo_domain.identity import UserId
from todo_domain.ports.access_token_repository import AccessTokenRepository
from todo_domain.ports.task_repository import TaskRepository


class StoreMaintenance(Protocol):
    """What the operator of a store needs. Its methods concern the lists of all users.

    Every method MUST raise NotOpen while the store is not open, and MAY raise
    StorageUnavailable. Every method MUST be safe during other reads and writes.
    """

    async def check_reads(self) -> None:
        """Return if the store can be read, by reading from it. MUST raise StorageUnavailable otherwise.

        A store that may lack writes that were acknowledged, such as a standby or a replaced
        file, can't be read.
        """
        ...

    async def check_writes(self) -> None:
        """Return if the store can be written, by a durable write. MUST raise StorageUnavailable otherwise.

        The write MUST NOT change the result of any other method.
        """
        ...

    async def purge(
        self,
        *,
        trash_before: datetime,
        deletions_before: datetime,
        keys_before: datetime,
        limit: int,
        dry_run: bool = False,
    ) -> int:
        """Erase old tasks in the trash, and forget old deletions and keys: at most `limit`; return how many.

        - What is from exactly that time, or later, MUST be kept.
        - A task in the trash whose deletion is forgotten MUST be deleted with it, and counts once.
        - Feed tokens from before the revision of a purged deletion MUST expire in the
          transaction that purges it. Tasks, ids, revisions and the feeds of other users
          MUST NOT change.
        - A dry run MUST return the same number and MUST NOT delete anything.
        - It MUST return 0 when nothing is left to purge, so that a caller can repeat it.
        """
        ...

    async def erased_since(self, since: datetime) -> Mapping[UserId, datetime]:
        """Return the users that were erased at this time or later, each with the time of the last erasure."""
        ...

    async def purge_erasures(self, *, before: datetime, limit: int, dry_run: bool = False) -> int:
        """Continue erasures that were not completed, and forget those from before this time; return how many.

        - At most `limit` erasures are continued or forgotten. Each of the former is continued by a step of
          `erase_user`; these steps MUST together delete at most `limit` records of each kind, or one of each user.
        - Of a user who has nothing, the revision and the ids MUST be forgotten too. Afterwards, the
          `revision_floor` of every list MUST be at least that revision, and a feed token from before it MUST
          expire. Of any other user, only the time MUST be forgotten.
        - A dry run MUST return the same number and MUST NOT change anything.
        - It MUST return 0 when nothing is left to do, so that a caller can repeat it.
        """
        ...

    async def renew_epoch(self, *, at: datetime) -> str:
        """Begin a new epoch, after revisions may have been lost, and return its name.

        - Every feed token that was ever returned MUST expire.
        - No revision may be used a second time: from then on, the `revision_floor` of
          every list MUST be `revision_floor(at)`, or a higher one of an earlier renewal.
          That includes lists that do not exist yet.
        - The tasks and revisions of lists MUST stay as they are until they are altered.
        - A concurrent write MAY belong to either epoch.
        """
        ...


class TaskStore(TaskRepository, StoreMaintenance, Protocol):
    """Both ports of one store, which one adapter implements, and its access tokens."""

    @property
    def access_tokens(self) -> AccessTokenRepository:
        """The access tokens in the same store: it opens and closes them."""
        ...
