"""Purging: what was purged is forgotten, tokens that depend on it expire, everything else stays."""

import pytest

from todo_adapters.contract.scenario import ALL, NOON, YEARS_AGO, add_titles, feed_token, new_user, read_everything
from todo_adapters.contract.suite import Contract
from todo_domain import (
    CursorExpired,
    Deletion,
    FeedToken,
    IdempotencyKey,
    StoreMaintenance,
    TaskDraft,
    TaskStore,
    UserId,
)

DRAFT = TaskDraft(title="once")


def _key(name: str) -> IdempotencyKey:
    return IdempotencyKey.of_request(name, DRAFT)


async def _purge(store: StoreMaintenance, limit: int = 1000, *, dry_run: bool = False) -> int:
    """Purge the deletions and keys from before `YEARS_AGO`."""
    return await store.purge(
        trash_before=YEARS_AGO, deletions_before=YEARS_AGO, keys_before=YEARS_AGO, limit=limit, dry_run=dry_run
    )


async def _add_and_remove(store: TaskStore, user_id: UserId, titles: str) -> None:
    """Add and remove tasks before `YEARS_AGO`, in a store that has nothing else to purge."""
    await _purge(store)
    for task in await add_titles(store, user_id, titles):
        await store.remove(user_id, task.id, at=YEARS_AGO.replace(hour=11))


class PurgesAndExpires(Contract):
    """A token expires exactly when the reader would miss something. A purge deletes only old records and keys."""

    async def test_a_token_that_was_never_returned_is_expired(self, repository: TaskStore) -> None:
        user = new_user()
        await add_titles(repository, user, "ab")
        token = await feed_token(repository, user)

        for unknown in (
            FeedToken(token.epoch, 3),
            FeedToken(token.epoch, 10**15),
            FeedToken("0" if token.epoch != "0" else "1", 1),
            FeedToken("0" if token.epoch != "0" else "1", 0),
        ):
            with pytest.raises(CursorExpired):
                await repository.changes(user, unknown, ALL)
        with pytest.raises(CursorExpired):
            await repository.changes(new_user(), FeedToken(token.epoch, 1), ALL)

    async def test_a_token_from_before_a_purged_deletion_is_expired(self, repository: TaskStore) -> None:
        user = new_user()
        await _add_and_remove(repository, user, "ab")
        (task,) = await add_titles(repository, user, "c")
        token = await feed_token(repository, user)

        await _purge(repository)

        for revision in (1, 2, 3):
            with pytest.raises(CursorExpired):
                await repository.changes(user, FeedToken(token.epoch, revision), ALL)
        for revision, changes in ((0, (task,)), (4, (task,)), (5, ())):
            page = await repository.changes(user, FeedToken(token.epoch, revision), ALL)
            assert (page.changes, page.next) == (changes, token)
        assert (await repository.changes(user, None, ALL)).changes == (task,)

    async def test_reading_from_the_start_does_not_need_deletions_from_before_it_began(
        self, repository: TaskStore
    ) -> None:
        user = new_user()
        first, second, third = await add_titles(repository, user, "abc")
        await _add_and_remove(repository, user, "d")
        await _purge(repository)

        page = await repository.changes(user, None, 1)
        seen = list(page.changes)
        while page.has_more:
            page = await repository.changes(user, page.next, 1)
            seen += page.changes

        assert seen == [first, second, third]
        assert page.next == await feed_token(repository, user)

    async def test_reading_from_the_start_expires_when_a_later_deletion_was_purged(self, repository: TaskStore) -> None:
        user = new_user()
        await add_titles(repository, user, "abc")
        page = await repository.changes(user, None, 1)
        await repository.remove(user, 1, at=YEARS_AGO.replace(hour=11))

        await _purge(repository)

        for token in (page.next, page.token_after(page.changes[0])):
            with pytest.raises(CursorExpired):
                await repository.changes(user, token, 1)

    async def test_purging_a_deletion_does_not_alter_tasks_ids_or_other_feeds(self, repository: TaskStore) -> None:
        user, other = new_user(), new_user()
        await _add_and_remove(repository, user, "ab")
        await add_titles(repository, other, "abc")
        await repository.remove(other, 2, at=YEARS_AGO)
        before = await read_everything(repository, other)
        token = FeedToken(before[1].next.epoch, 1)

        await _purge(repository)

        assert await read_everything(repository, other) == before
        assert Deletion(2, 4) in (await repository.changes(other, token, ALL)).changes
        added = await repository.add(user, DRAFT, at=NOON)
        assert (added.task.id, added.task.revision) == (3, 5)

    async def test_a_purge_forgets_only_what_is_older_than_its_times(self, repository: TaskStore) -> None:
        user = new_user()
        await _add_and_remove(repository, user, "ab")
        (task,) = await add_titles(repository, user, "c")
        await repository.remove(user, task.id, at=YEARS_AGO)
        await repository.add(user, DRAFT, at=YEARS_AGO.replace(hour=11), key=_key("old"))
        await repository.add(user, DRAFT, at=YEARS_AGO, key=_key("young"))

        purged = await _purge(repository)

        young = await repository.add(user, DRAFT, at=NOON, key=_key("young"))
        old = await repository.add(user, DRAFT, at=NOON, key=_key("old"))
        changes = (await repository.changes(user, None, ALL)).changes
        assert purged == 3
        assert [change.id for change in changes if isinstance(change, Deletion)] == [3]
        assert (young.task.id, young.replayed) == (5, True)
        assert (old.task.id, old.replayed) == (6, False)

    async def test_a_purge_has_separate_times_for_deletions_and_keys(self, repository: TaskStore) -> None:
        user = new_user()
        await _add_and_remove(repository, user, "a")
        await repository.add(user, DRAFT, at=YEARS_AGO.replace(hour=11), key=_key("k"))
        never = YEARS_AGO.replace(year=1)

        keys = await repository.purge(trash_before=never, deletions_before=never, keys_before=YEARS_AGO, limit=ALL)
        deletions = await repository.purge(trash_before=never, deletions_before=YEARS_AGO, keys_before=never, limit=ALL)

        assert (keys, deletions) == (1, 1)

    async def test_a_purge_forgets_at_most_limit_entries_and_a_dry_run_forgets_nothing(
        self, repository: TaskStore
    ) -> None:
        user = new_user()
        await _add_and_remove(repository, user, "abc")
        await repository.add(user, DRAFT, at=YEARS_AGO.replace(hour=11), key=_key("k"))
        before = await read_everything(repository, user)

        counted = [await _purge(repository, dry_run=True), await _purge(repository, 3, dry_run=True)]
        untouched = await read_everything(repository, user)
        purged = [await _purge(repository, 3), await _purge(repository, 3), await _purge(repository, 3)]

        assert (counted, purged) == ([4, 3], [3, 1, 0])
        assert untouched == before
        assert not (await repository.add(user, DRAFT, at=NOON, key=_key("k"))).replayed

    async def test_a_usable_store_passes_its_checks_which_change_nothing(self, repository: TaskStore) -> None:
        user, new = new_user(), new_user()
        await add_titles(repository, user, "a")
        before = [await read_everything(repository, each) for each in (user, new)]

        await repository.check_reads()
        await repository.check_writes()

        assert [await read_everything(repository, each) for each in (user, new)] == before
        (task,) = await add_titles(repository, new, "a")
        assert (task.id, task.revision) == (1, 1)
