"""The promise about opening and closing: a repository works while it is open, and only then."""

from collections.abc import Awaitable, Callable
from typing import Final

import pytest

from todo_adapters.contract.importing import project
from todo_adapters.contract.scenario import NOON, add_titles, new_user
from todo_adapters.contract.suite import Contract, MakeRepository
from todo_domain import (
    NO_QUOTAS,
    AccessToken,
    Batch,
    ImportBatch,
    NotOpen,
    Remove,
    Scope,
    TaskDraft,
    TaskQuery,
    TaskStore,
    TrashQuery,
    UserId,
)

USER: Final = UserId("nobody")
CALLS: Final[dict[str, Callable[[TaskStore], Awaitable[object]]]] = {
    "add": lambda store: store.add(USER, TaskDraft(title="a"), at=NOON),
    "get": lambda store: store.get(USER, 1),
    "list": lambda store: store.list(USER, TaskQuery()),
    "list_ids": lambda store: store.list_ids(USER, TaskQuery()),
    "get_many": lambda store: store.get_many(USER, [1]),
    "change": lambda store: store.change(USER, 1, lambda task: task),
    "remove": lambda store: store.remove(USER, 1, at=NOON),
    "apply": lambda store: store.apply(USER, Batch((Remove(1),)), at=NOON),
    "add_imported": lambda store: store.add_imported(USER, ImportBatch((project(),)), at=NOON),
    "list_trash": lambda store: store.list_trash(USER, TrashQuery()),
    "erase_oldest": lambda store: store.erase_oldest(USER, up_to=1, limit=1),
    "forget_keys": lambda store: store.forget_keys(USER, before=NOON, limit=1),
    "get_project": lambda store: store.get_project(USER, 1),
    "list_projects": lambda store: store.list_projects(USER),
    "changes": lambda store: store.changes(USER, None, 1),
    "snapshot": lambda store: store.snapshot(USER).__aenter__(),
    "erase_user": lambda store: store.erase_user(USER, at=NOON, limit=1),
    "revisions": lambda store: store.revisions([USER]),
    "check_reads": lambda store: store.check_reads(),
    "check_writes": lambda store: store.check_writes(),
    "purge": lambda store: store.purge(
        trash_before=NOON, deletions_before=NOON, keys_before=NOON, limit=1, dry_run=True
    ),
    "erased_since": lambda store: store.erased_since(NOON),
    "purge_erasures": lambda store: store.purge_erasures(before=NOON, limit=1, dry_run=True),
    "renew_epoch": lambda store: store.renew_epoch(at=NOON),
    "access_tokens.add": lambda store: store.access_tokens.add(
        AccessToken(USER, "1", "a", (Scope.TASKS_READ,), NOON, None, None), "hash"
    ),
    "access_tokens.list": lambda store: store.access_tokens.list(USER),
    "access_tokens.find": lambda store: store.access_tokens.find(USER, "hash"),
    "access_tokens.remove": lambda store: store.access_tokens.remove(USER, "1"),
    "access_tokens.mark_used": lambda store: store.access_tokens.mark_used(USER, "hash", NOON),
    "access_tokens.purge": lambda store: store.access_tokens.purge(before=NOON, limit=1, dry_run=True),
}
"""A call of every method of the ports."""
every_method = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


class OpensAndCloses(Contract):
    """Opening and closing are the caller's; a call at any other time has no effect."""

    @every_method
    async def test_a_call_before_opening_raises_not_open(
        self, make_repository: MakeRepository, call: Callable[[TaskStore], Awaitable[object]]
    ) -> None:
        with pytest.raises(NotOpen):
            await call(make_repository(NO_QUOTAS))

    @every_method
    async def test_a_call_after_closing_raises_not_open(
        self, make_repository: MakeRepository, call: Callable[[TaskStore], Awaitable[object]]
    ) -> None:
        repository = make_repository(NO_QUOTAS)
        async with repository:
            pass

        with pytest.raises(NotOpen):
            await call(repository)

    async def test_opening_returns_the_repository_itself(self, make_repository: MakeRepository) -> None:
        repository = make_repository(NO_QUOTAS)

        async with repository as opened:
            assert opened is repository

    async def test_a_closed_repository_can_be_opened_again(self, make_repository: MakeRepository) -> None:
        repository = make_repository(NO_QUOTAS)
        async with repository:
            await repository.check_reads()

        async with repository:
            user = new_user()
            (task,) = await add_titles(repository, user, ["a"])
            assert await repository.get(user, 1) == task
