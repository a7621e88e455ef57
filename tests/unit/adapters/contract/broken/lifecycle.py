"""Adapters that lack a method, work when they are not open, or lose data when they are closed."""

from typing import Any, Self

from tests.unit.adapters.contract.broken import breaks
from todo_adapters.contract.scenario import NOON
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_domain import StorageUnavailable, TaskPage, TaskQuery, UserId


class _WithoutChanges(type(InMemoryTaskRepository)):  # type: ignore[misc]  # mypy can't compute a base
    """Hides a method that the base class has."""

    def __getattribute__(cls, name: str) -> Any:
        if name == "changes":
            raise AttributeError(name)
        return super().__getattribute__(name)


@breaks("test_no_method_is_missing")
class LacksTheFeed(InMemoryTaskRepository, metaclass=_WithoutChanges):
    pass


@breaks("test_no_method_is_missing")
class LacksEveryMethod:
    pass


@breaks("test_a_call_before_opening_raises_not_open")
class IsAlwaysOpen(InMemoryTaskRepository):
    def _require_open(self) -> None:
        pass


@breaks("test_a_call_before_opening_raises_not_open")
class ListsNothingWhileItIsNotOpen(InMemoryTaskRepository):
    async def list(self, user_id: UserId, query: TaskQuery) -> TaskPage:
        return await super().list(user_id, query) if self._is_open else TaskPage((), None, 0)


@breaks("test_a_call_after_closing_raises_not_open")
class StaysOpen(InMemoryTaskRepository):
    async def __aexit__(self, *_: object) -> None:
        pass


@breaks("test_opening_returns_the_repository_itself")
class OpensACopy(InMemoryTaskRepository):
    async def __aenter__(self) -> Self:
        await super().__aenter__()
        copy = type(self)()
        copy.__dict__ |= self.__dict__
        return copy


@breaks("test_a_closed_repository_can_be_opened_again")
class OpensOnce(InMemoryTaskRepository):
    was_open = False

    async def __aenter__(self) -> Self:
        if self.was_open:
            raise StorageUnavailable("it was closed")
        self.was_open = True
        return await super().__aenter__()


@breaks("test_written_data_is_there_after_reopening")
class LosesTasksWhenClosed(InMemoryTaskRepository):
    async def __aexit__(self, *_: object) -> None:
        await super().__aexit__()
        self._all_lists.clear()


@breaks("test_idempotency_keys_are_recognised_after_reopening")
class LosesKeysWhenClosed(InMemoryTaskRepository):
    async def __aexit__(self, *_: object) -> None:
        await super().__aexit__()
        for tasks in self._all_lists.values():
            tasks.keys.clear()


@breaks("test_a_usable_store_passes_its_checks_which_change_nothing")
class ChecksWritesByARenewal(InMemoryTaskRepository):
    async def check_writes(self) -> None:
        await self.renew_epoch(at=NOON)


@breaks("test_written_data_is_there_after_reopening")
class BeginsAnEpochWhenOpened(InMemoryTaskRepository):
    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self._epoch += "0"
        return self


@breaks("test_a_renewed_epoch_is_there_after_reopening")
class LosesTheFloorOfRevisionsWhenClosed(InMemoryTaskRepository):
    async def __aexit__(self, *_: object) -> None:
        await super().__aexit__()
        self._revision_floor = 0
