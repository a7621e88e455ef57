"""The promise of a durable store: what was written is there after reopening."""

from collections.abc import Callable
from typing import Final

import pytest

from todo_adapters.contract.access_tokens import add_token
from todo_adapters.contract.importing import add_all, project, task
from todo_adapters.contract.scenario import ALL, NOON, YEARS_AGO, add_titles, new_user, read_everything, set_title
from todo_adapters.contract.suite import Contract, MakeRepository
from todo_domain import (
    NO_QUOTAS,
    Added,
    Batch,
    BatchResult,
    Create,
    IdempotencyKey,
    Remove,
    TaskDraft,
    TaskStore,
    revision_floor,
)

DRAFT: Final = TaskDraft(title="d", description="e", complete=True, tags=("f",))
BATCH: Final = Batch((Create(DRAFT), Remove(3)))

Reopen = Callable[[TaskStore, MakeRepository], TaskStore]
"""Returns the object that opens the store again: the first one, or one that it makes."""

by_whom = pytest.mark.parametrize(
    "reopened",
    [lambda first, _: first, lambda _, make_repository: make_repository(NO_QUOTAS)],
    ids=["the same object", "another object"],
)


class SurvivesReopening(Contract):
    """Closing loses nothing, whether the same object opens the store again or another one does."""

    @by_whom
    async def test_written_data_is_there_after_reopening(
        self, make_repository: MakeRepository, reopened: Reopen
    ) -> None:
        user = new_user()
        async with make_repository(NO_QUOTAS) as first:
            await add_titles(first, user, "abc")
            await first.change(user, 1, set_title("A"))
            await first.remove(user, 2, at=NOON)
            await first.apply(user, BATCH, at=NOON)
            before = await read_everything(first, user)

        async with reopened(first, make_repository) as second:
            assert await read_everything(second, user) == before
            assert await second.revisions([user]) == {user: 7}
            added = (await second.add(user, DRAFT, at=NOON)).task
            assert (added.id, added.revision) == (5, 8)

    @by_whom
    async def test_idempotency_keys_are_recognised_after_reopening(
        self, make_repository: MakeRepository, reopened: Reopen
    ) -> None:
        user = new_user()
        add_key, batch_key = (IdempotencyKey.of_request(name, DRAFT) for name in ("add", "batch"))
        async with make_repository(NO_QUOTAS) as first:
            added = await first.add(user, DRAFT, at=NOON, key=add_key)
            applied = await first.apply(user, Batch((Create(DRAFT),)), at=NOON, key=batch_key)

        async with reopened(first, make_repository) as second:
            again = await second.add(user, DRAFT, at=NOON, key=add_key)
            applied_again = await second.apply(user, Batch((Create(DRAFT),)), at=NOON, key=batch_key)

            assert again == Added(added.task, replayed=True)
            assert applied_again == BatchResult(applied.outcomes, applied.at, replayed=True)

    @by_whom
    async def test_a_renewed_epoch_is_there_after_reopening(
        self, make_repository: MakeRepository, reopened: Reopen
    ) -> None:
        user = new_user()
        async with make_repository(NO_QUOTAS) as first:
            epoch = await first.renew_epoch(at=NOON)

        async with reopened(first, make_repository) as second:
            (task,) = await add_titles(second, user, ["a"])

            assert (await second.changes(user, None, ALL)).next.epoch == epoch
            assert task.revision == revision_floor(NOON) + 1

    @by_whom
    async def test_purged_data_is_still_forgotten_after_reopening(
        self, make_repository: MakeRepository, reopened: Reopen
    ) -> None:
        user = new_user()
        async with make_repository(NO_QUOTAS) as first:
            await add_titles(first, user, "a")
            await first.remove(user, 1, at=YEARS_AGO)
            after = NOON.replace(year=2002)
            while await first.purge(trash_before=after, deletions_before=after, keys_before=YEARS_AGO, limit=1000):
                pass

        async with reopened(first, make_repository) as second:
            page = await second.changes(user, None, ALL)

            assert (page.changes, page.next.revision) == ((), 2)

    @by_whom
    async def test_access_tokens_are_there_after_reopening(
        self, make_repository: MakeRepository, reopened: Reopen
    ) -> None:
        user = new_user()
        async with make_repository(NO_QUOTAS) as first:
            token, token_hash = await add_token(first, user)

        async with reopened(first, make_repository) as second:
            assert await second.access_tokens.find(user, token_hash) == token

    @by_whom
    async def test_imported_items_are_recognised_after_reopening(
        self, make_repository: MakeRepository, reopened: Reopen
    ) -> None:
        user = new_user()
        async with make_repository(NO_QUOTAS) as first:
            await add_all(first, user, project(), task("a"))

        async with reopened(first, make_repository) as second:
            assert await add_all(second, user, project(), task("a"), task("b")) == 1
