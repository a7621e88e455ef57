"""What the domain asks of the world. The words MUST and MAY are those of RFC 2119.

Every promise here is held by the contract kit, `todo_adapters.contract`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from todo_domain.batch import Batch, BatchResult
from todo_domain.changes import ChangePage, FeedToken
from todo_domain.draft import TaskDraft
from todo_domain.idempotency import IdempotencyKey
from todo_domain.identity import Principal, UserId
from todo_domain.listing import TaskIds, TaskPage, TaskQuery
from todo_domain.task import Task

MAX_MANY: Final = 50
"""The most tasks that one call of `get_many` reads."""

Edit = Callable[[Task], Task]
"""A pure function from a task to what it shall be. It returns an equal task to change
nothing, and raises to refuse. It leaves `user_id`, `id` and `revision` alone."""

Guard = Callable[[Task], None]
"""A pure function that raises to refuse."""


@dataclass(frozen=True, slots=True)
class Added:
    """A task that was added, or, when `replayed`, that an earlier call with the same key had added."""

    task: Task
    replayed: bool = False


class TaskRepository(Protocol):
    """Keeps the task list of every user.

    - Every method is about the list of one user and MUST neither read nor alter another's.
    - A list has a revision, 0 at first. Every alteration of a task MUST raise it to
      `ListCounters.next_revision`, which is by one unless the epoch was renewed, in the
      transaction that makes the alteration; what was altered MUST carry the new
      revision. A call that fails, or alters nothing, MUST NOT raise it. A list that
      nothing was ever added to need not exist.
    - The order of revisions MUST be the order in which alterations become visible:
      who sees revision n of a list sees everything up to n.
    - When a writing method returns, what it wrote MUST be durable, as far as the store is.
    - What is handed out MUST NOT change when the store does, nor the other way round.
    - `at` is aware and in UTC, and the only source of time.
    - Any method MAY raise StorageUnavailable. A read then had no effect; a write
      MUST be done wholly or not at all, and the caller can't tell which.
    """

    async def add(self, user_id: UserId, draft: TaskDraft, *, at: datetime, key: IdempotencyKey | None = None) -> Added:
        """Add the task that the draft describes, with the next id of the list.

        The first id is 1; an id MUST NOT be given out twice, not even when its task
        was removed. With a key, the key MUST be kept with the task in one
        transaction; called again with it, by however many callers at once, the
        repository MUST add nothing and return the task as it was first returned,
        changed or removed since or not. Raises IdempotencyConflict when the key was
        kept with another fingerprint, by `add` or by `apply`.
        """
        ...

    async def get(self, user_id: UserId, task_id: int) -> Task:
        """Return the task, or raise TaskNotFound."""
        ...

    async def list(self, user_id: UserId, query: TaskQuery) -> TaskPage:
        """Return the tasks that meet the query, in its order, and the list's revision at that moment.

        A page has at most the query's `limit` of tasks; without one it has all.

        Tasks without a value to order by MUST come last, also when descending, and
        ties MUST be in ascending order of id. A page that goes on from a cursor
        MUST begin behind the cursor's place, whether or not its task still exists.
        """
        ...

    async def list_ids(self, user_id: UserId, query: TaskQuery) -> TaskIds:
        """Return the ids of the tasks that `list` would return, in the same order, and the list's revision then.

        Both MUST be of one moment. Memory is a few bytes for each task.
        """
        ...

    async def get_many(self, user_id: UserId, task_ids: Sequence[int]) -> Sequence[Task]:
        """Return those of these tasks that exist, in the order of the ids; at most `MAX_MANY` ids."""
        ...

    async def change(self, user_id: UserId, task_id: int, edit: Edit) -> Task:
        """Replace the task by what `edit` makes of it, and return that with its new revision.

        Reading, editing and writing MUST be one atomic step: `edit` is given the state
        that its result replaces. It MAY be called several times, as when a race was lost:
        the last call counts. When that raises, nothing MUST change and the error MUST come
        through; when it returns an equal task, nothing MUST change either. Raises TaskNotFound.
        """
        ...

    async def remove(self, user_id: UserId, task_id: int, *, at: datetime, guard: Guard | None = None) -> None:
        """Remove the task, if the guard lets it pass; raise TaskNotFound if there is none.

        The text of the task MUST be gone from the store's tables with this call; its id, the
        revision and the time are remembered until they are purged. The guard is held
        to the rules of `edit`.
        """
        ...

    async def apply(
        self, user_id: UserId, batch: Batch, *, at: datetime, key: IdempotencyKey | None = None
    ) -> BatchResult:
        """Do all operations of the batch, or none, as `Batch.evaluate` says, in one transaction.

        The key is held to the rules of `add`. Raises BatchFailed, IdempotencyConflict.
        """
        ...

    async def changes(self, user_id: UserId, since: FeedToken | None, limit: int) -> ChangePage:
        """Return what has a revision above the token's, in order of revision, at most `limit` changes.

        Without a token it is everything. `next` MUST be a place that the answer
        reaches up to: the revision of its last change when there is more, else the
        list's revision at that moment. Raises CursorExpired when a deletion that the
        reader could need was purged, when the token is of another epoch, and when the
        list never had the token's revision: `FeedState.page` decides it all.
        """
        ...

    async def revisions(self, user_ids: Collection[UserId]) -> Mapping[UserId, int]:
        """Return the revision of every list that exists among those of these users, in one query."""
        ...


class StoreMaintenance(Protocol):
    """What the operator of a store needs, across all users."""

    async def check(self) -> None:
        """Return if the store can be used; raise StorageUnavailable if not."""
        ...

    async def purge(
        self, *, deletions_before: datetime, keys_before: datetime, limit: int, dry_run: bool = False
    ) -> int:
        """Forget at most `limit` deletions and keys from before these times; return how many.

        Where a deletion is forgotten, feed tokens from before its revision expire in
        the same transaction. A dry run counts and forgets nothing. Safe beside
        traffic; call it again until it returns 0.
        """
        ...

    async def renew_epoch(self, *, at: datetime) -> str:
        """Begin a new epoch, after revisions may have been lost, and return it.

        Every feed token that was ever given out MUST expire, and no revision may be given
        out a second time, so that a condition on a lost one is never met: from then on
        the `revision_floor` of every list, also of one that does not exist yet, MUST be
        `revision_floor(at)` or a higher one of an earlier renewal. The lists MUST stay as they
        are until they are altered. A write that runs meanwhile MAY belong to either epoch.
        """
        ...


class TokenVerifier(Protocol):
    """Decides who a token speaks for."""

    async def verify(self, token: str) -> Principal:
        """Return the principal of a valid token.

        Raises TokenRejected for any token that is not valid now, whatever is wrong
        with it, and TokenVerificationUnavailable when there are no keys to tell.
        """
        ...

    async def check(self) -> None:
        """Return if tokens can be verified; raise TokenVerificationUnavailable if not."""
        ...


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the present time, aware and in UTC. It may go backwards."""
        ...
