"""What a caller can do to import tasks and projects into a list."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from todo_domain.identity import UserId
from todo_domain.import_batch import NO_COUNTS, NO_IDS, ImportBatch, ImportCounts, OwnIds
from todo_domain.imported import ImportedItem
from todo_domain.operations import BatchResult
from todo_domain.ports import Clock, TaskRepository


@dataclass(frozen=True, slots=True)
class ImportResult:
    """How many tasks and projects were added, and how many were there already."""

    created: int = 0
    unchanged: int = 0


async def _go_on(_: int) -> None: ...


class ImportUseCases:
    """What a principal can import into one owner's list: `TaskUseCases.imports`."""

    def __init__(
        self, user_id: UserId, repository: TaskRepository, clock: Clock, notify: Callable[[UserId], None]
    ) -> None:
        self._user_id = user_id
        self._repository = repository
        self._clock = clock
        self._notify = notify

    async def run(
        self, parts: Iterable[Sequence[ImportedItem]], pause: Callable[[int], Awaitable[None]] = _go_on
    ) -> ImportResult:
        """Import all items, in transactions of one part each, 1–100 items. Projects come before their tasks.

        `parts` is iterated twice: first to check the quotas, then to write. Before each check and each write of a
        part, `pause` is awaited with the number of its items.

        Raises QuotaExceeded before anything is written if the list would exceed a quota. Only another
        writer can cause it later; like StorageUnavailable, it may then leave some parts imported. The
        same import can be repeated: it adds what is missing.
        """
        above = await self._check(parts, pause)
        created = total = 0
        for part in parts:
            await pause(len(part))
            result = await self._add(ImportBatch(tuple(part), above=above))
            total += len(part)
            if result.outcomes:
                created += len(result.outcomes)
                self._notify(self._user_id)
        return ImportResult(created, total - created)

    async def _check(self, parts: Iterable[Sequence[ImportedItem]], pause: Callable[[int], Awaitable[None]]) -> OwnIds:
        """Check the quotas, and return the highest ids of own items."""
        preceding, above = NO_COUNTS, NO_IDS
        for part in parts:
            await pause(len(part))
            above = OwnIds.of(part, self._user_id, above)
            result = await self._add(ImportBatch(tuple(part), preceding), dry_run=True)
            preceding += ImportCounts.of(result)
        return above

    async def _add(self, batch: ImportBatch, *, dry_run: bool = False) -> BatchResult:
        return await self._repository.add_imported(self._user_id, batch, at=self._clock.now(), dry_run=dry_run)
