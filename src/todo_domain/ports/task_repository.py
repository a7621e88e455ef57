"""The port to a store of tasks for its users."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol, Self

from todo_domain.batch import Batch
from todo_domain.changes import TASKS, ChangePage, FeedToken, Kind
from todo_domain.draft import TaskDraft
from todo_domain.idempotency import IdempotencyKey
from todo_domain.identity import UserId
from todo_domain.import_batch import ImportBatch
from todo_domain.listing import TaskIds, TaskPage, TaskQuery
from todo_domain.operations import BatchResult
from todo_domain.ports.snapshot_source import SnapshotSource
from todo_domain.project import Project, ProjectList
from todo_domain.task import Task
from todo_domain.trash import TrashPage, TrashQuery

MAX_MANY: Final = 50
"""The maximum number of tasks in one call of `get_many`."""

Edit = Callable[[Task], Task]
"""A pure, synchronous function that returns the new state of a task.

If it returns an equal task, nothing changes. It raises to refuse the change. It MUST NOT change
`user_id`, `id` or `revision`, MUST NOT put the task into another project, and MUST return a task for which
`Task.is_settled` is true. An adapter MAY call it several times."""

Guard = Callable[[Task], None]
"""A pure, synchronous function that raises to refuse the removal. An adapter MAY call it several times."""


@dataclass(frozen=True, slots=True)
class Added:
    """A task that was added. `replayed`: an earlier call with the same key added it."""

    task: Task
    replayed: bool = False


class TaskRepository(SnapshotSource, Protocol):
    """Stores the task list of every user.

    Opening
        - It is an async context manager, as `todo_domain.ports` says. Entering MUST raise
          StorageUnavailable when the store can't be used.

    Isolation
        - Every method takes a user id first. It MUST NOT read or alter the list of another user.
        - A list to which nothing was added need not exist. It MUST read as empty, at revision 0.

    Revisions
        - Every alteration of a task MUST set the list's revision to
          `ListCounters.next_revision`, in the transaction of the alteration. The altered
          task, or the deletion, MUST carry that revision.
        - A call that fails or alters nothing MUST NOT change the revision.
        - The order of revisions MUST be the order in which alterations become visible: a
          reader who sees revision n of a list MUST also see every lower revision.

    Atomicity and durability
        - A write MUST be done completely or not at all, also when the caller is cancelled.
        - When a writing method returns, the write MUST be durable, as far as the store is.
        - A read MUST show the list as it was at one moment, with every write that returned
          before the read was called.

    Quotas
        - An adapter is made with `Quotas`. A write MUST raise what `Quotas.check` raises for
          the list's counters before and after it, and then MUST NOT change anything. For a
          batch, `BatchEffects.checked_counters` decides, because a quota never refuses the
          successor of a recurring task. The check and the write MUST be one atomic step. The
          counters MUST be the real numbers.
        - A retry with a stored key MUST be replayed, whatever the counters are.
        - After a write, the `Quotas.surplus_deletions` with the lowest revisions MUST be
          forgotten, as by `StoreMaintenance.purge`. They MAY be forgotten in a transaction of
          their own: then concurrent writes may leave a surplus until the next write. In the
          same way, the `Quotas.surplus_trash` MUST be erased, as by `erase_oldest`.
        - Of the deletions of a user's projects, those with the highest revisions MUST be kept, at
          most `MAX_PROJECT_DELETIONS`. The others MUST be forgotten by the batch that exceeds that.

    Erasure
        - While the records of an erased user are being deleted (see `erase_user`), every read MUST show
          an empty list without trash, projects, keys and access tokens, and every write MUST raise
          ErasureInProgress.
        - A write MUST raise TokenRejected if the user was erased at `issued_at` of the user id, or later.
          `require_not_erased` decides both. The check and the write MUST be one atomic step. An access token
          that is added MUST be checked in the same way: it would be valid after the erasure.

    Values
        - A returned object MUST NOT change when the store does, and the store MUST NOT
          change when the caller changes an object.
        - `at` is aware and in UTC. It MUST be the only source of time.

    Errors
        - Every method MUST raise NotOpen while the adapter is not open.
        - Every method MAY raise StorageUnavailable. A write was then done completely or
          not at all, and the caller can't tell which.
        - A method MUST NOT raise any other error than these, those that it names, and those
          that the caller's `edit` or `guard` raises.
    """

    async def __aenter__(self) -> Self:
        """Open the store. Raises StorageUnavailable when it can't be used."""
        ...

    async def __aexit__(self, *_: object) -> None:
        """Close the store."""
        ...

    async def add(self, user_id: UserId, draft: TaskDraft, *, at: datetime, key: IdempotencyKey | None = None) -> Added:
        """Add the task that the draft describes, and return it.

        - The caller MUST NOT pass a draft with a project: `apply` checks that it exists.
        - The task MUST be `Task.from_draft` of the draft, with the next id of the list, the
          next revision and the `initial_position` of the id. The first id is 1. An id MUST
          NOT be used twice, even after its task was removed.
        - With a key, the key MUST be stored in the transaction that adds the task. When
          the same key is sent again, also by concurrent callers, the method MUST NOT add
          anything and MUST return the task as the first call returned it, with
          `replayed`, even if the task was changed or removed since.
        - MUST raise IdempotencyConflict when the key is stored with another fingerprint,
          whether `add` or `apply` stored it. Keys of different users are different keys.
        """
        ...

    async def get(self, user_id: UserId, task_id: int) -> Task:
        """Return the task. MUST raise TaskNotFound when the user has no such task."""
        ...

    async def list(self, user_id: UserId, query: TaskQuery) -> TaskPage:
        """Return a page of the tasks that match the query, and the list's revision at that moment.

        - Exactly the tasks for which `TaskQuery.matches` is true MUST be listed, in the
          order of `TaskQuery.sort_key`: tasks without a value last, also in descending
          order, and ties in ascending order of id.
        - A query with a cursor MUST list only tasks for which `TaskQuery.follows` is
          true, whether or not the task at the cursor still exists.
        - The page MUST have at most `query.limit` tasks, and a `next_cursor` if and only
          if there are more. Without a limit it MUST have all tasks. `TaskQuery.page` makes
          the page of all tasks that were found, or of the first `limit + 1`.
        - Reading the tasks and the revision MUST be one atomic step.
        """
        ...

    async def list_ids(self, user_id: UserId, query: TaskQuery) -> TaskIds:
        """Return the ids of the tasks that `list` would return, and the list's revision at that moment.

        - The ids MUST be in the order in which `list` returns the tasks.
        - Reading the ids and the revision MUST be one atomic step.
        - The memory that the result needs MUST NOT depend on the texts of the tasks.
        """
        ...

    async def get_many(self, user_id: UserId, task_ids: Sequence[int]) -> Sequence[Task]:
        """Return those of these tasks that exist, in the order of the ids, as they are now.

        - A task that does not exist, or belongs to another user, MUST be left out.
        - The caller MUST NOT pass more than `MAX_MANY` ids.
        """
        ...

    async def change(self, user_id: UserId, task_id: int, edit: Edit) -> Task:
        """Replace the task by the result of `edit`, and return the result with its new revision.

        - Reading, editing and writing MUST be one atomic step: the result replaces the
          state that `edit` was called with.
        - The method MAY call `edit` again, for example after it lost a race. The last
          call counts.
        - When the last call raises, nothing MUST change and that error MUST be raised.
          When it returns an equal task, nothing MUST change and the task is returned.
        - MUST raise TaskNotFound when the user has no such task.
        """
        ...

    async def remove(
        self, user_id: UserId, task_id: int, *, at: datetime, guard: Guard | None = None, permanent: bool = False
    ) -> None:
        """Remove the task: move it to the trash, or erase it if that is permanent.

        - Only `list_trash` may return a task in the trash, and only `apply` may restore it.
          To every other method it is a deletion.
        - When the method returns, the text of an erased task MUST be gone from the tables of
          the store. Its id, the revision of the deletion and `at` MUST be kept until they are
          purged. This holds for every way to erase a task.
        - Calling the guard and removing MUST be one atomic step. When the guard raises,
          nothing MUST change and that error MUST be raised.
        - MUST raise TaskNotFound when the user has no such task.
        """
        ...

    async def apply(
        self, user_id: UserId, batch: Batch, *, at: datetime, key: IdempotencyKey | None = None
    ) -> BatchResult:
        """Do all operations of the batch in their order, or none.

        - The effect MUST be that of `Batch.evaluation`, computed and written in one atomic
          step. Revisions of other writers MUST NOT come between those of the batch.
        - Each `Read` that the evaluation yields MUST be done in the same atomic step, on the
          list as it was before the batch. `Neighbours` compares positions by bytes. The tasks
          of `LockTasks` and `TasksOfProject` MUST NOT be changed by other writers until the
          batch is written.
        - All changes of the effects MUST be written as they are: they include tasks that no
          operation names, with a new position and the old `updated_at`. Each task of a bulk
          change MUST become what `BulkChange.applied_to` returns.
        - The result MUST have the outcomes of the effects, `at`, and in `tasks` at least the
          final states of the tasks that the operations named or added: `BatchEffects.result`.
        - With a key, the rules of `add` apply: a replayed result MUST have the outcomes of the
          first call, with their positions, and the `at` of the first call, and no tasks. A
          batch that failed MUST NOT store its key.
        - MUST raise BatchFailed when an operation fails, and IdempotencyConflict as `add` does.
        """
        ...

    async def add_imported(
        self, user_id: UserId, batch: ImportBatch, *, at: datetime, dry_run: bool = False
    ) -> BatchResult:
        """Add the tasks and projects of the batch that were not added before, or none.

        - What `apply` says of a Batch also holds here, with `ImportBatch.evaluation`.
        - The remembered items of the effects MUST be stored in the same transaction. Each MUST be kept as long as
          its task or project, or the deletion of that, and no longer.
        - A dry run MUST return the same result, or raise the same error, and MUST NOT change anything.
        """
        ...

    async def list_trash(self, user_id: UserId, query: TrashQuery) -> TrashPage:
        """Return a page of what is in the trash, in descending order of the revision of the deletion.

        - Exactly the tasks and projects in the trash with a lower revision than `query.before`
          MUST be listed.
        - The page MUST have at most `query.limit` of them. `TrashQuery.page` makes it.
        - Reading them and the counters MUST be one atomic step.
        """
        ...

    async def erase_oldest(self, user_id: UserId, *, up_to: int, limit: int) -> int:
        """Erase what is in the trash with a revision up to this one; return how many tasks and projects.

        - All such projects MUST be erased, and at most `limit` of the tasks, the lowest revisions
          first. No revision and no feed MUST change.
        - It MUST return 0 only when nothing of that is left after concurrent calls for this user.
        """
        ...

    async def forget_keys(self, user_id: UserId, *, before: datetime, limit: int) -> int:
        """Forget at most `limit` of the user's keys that were stored before this time; return how many.

        - The oldest MUST be forgotten first. Keys from exactly that time, or later, MUST be kept.
        - It MUST return 0 only when no such key is left after concurrent calls for this user.
        """
        ...

    async def get_project(self, user_id: UserId, project_id: int) -> Project:
        """Return the project. MUST raise ProjectNotFound when the user has no such project."""
        ...

    async def list_projects(self, user_id: UserId) -> ProjectList:
        """Return all projects of the user in ascending order of position, and the list's revision at that moment.

        Reading the projects and the revision MUST be one atomic step.
        """
        ...

    async def changes(
        self, user_id: UserId, since: FeedToken | None, limit: int, kinds: frozenset[Kind] = TASKS
    ) -> ChangePage:
        """Return at most `limit` changes of these kinds with a revision above the token's, in order of revision.

        - Without a token, it MUST start before the first change.
        - Each task and project MUST appear once: in its latest state, or as its deletion.
        - `next` MUST be the token that the page ends at: the revision of its last change
          when there are more changes, otherwise the revision of the list at that moment.
        - Reading the changes and the revision MUST be one atomic step.
        - MUST raise CursorExpired when a deletion that the reader needs was purged, when
          the token is from another epoch or for other kinds, and when the list never had
          the token's revision. `FeedState.page` decides all of this and makes the page.
        """
        ...

    async def erase_user(self, user_id: UserId, *, at: datetime, limit: int) -> bool:
        """Erase everything that the user has, in steps: repeat the call with the same `at` until it returns True.

        - Unless the user was erased at `at` or later, the call MUST store `at` as the time of the erasure, set
          the revision to `ListCounters.next_revision`, and let earlier feed tokens expire, in one atomic
          step. From then on, what "Erasure" above says MUST hold.
        - Each call MUST delete at most `limit` records of each kind: tasks in any state, projects, idempotency
          keys, access tokens, and all else that the store has of the user.
        - It MUST return True when nothing is left but the time of the erasure and what continues: the
          revision, the highest id of a task, and that of a project. No id or revision may be used again.
        - Calls for the same user MAY be concurrent. What concerns other users MUST NOT change.
        """
        ...

    async def revisions(self, user_ids: Collection[UserId]) -> Mapping[UserId, int]:
        """Return the revision of each of these users' lists, in one query.

        A list to which nothing was added MAY be missing. Other users MUST NOT be included.
        """
        ...
