"""The promise about forgetting: what is purged is gone, what relied on it is told so, the rest stays."""

import pytest

from todo_adapters.contract.scenario import ALL, NOON, add_titles, feed_token, look, someone
from todo_adapters.contract.suite import Contract, Store
from todo_domain import (
    CursorExpired,
    Deletion,
    FeedToken,
    IdempotencyKey,
    StoreMaintenance,
    TaskDraft,
    UserId,
)

LONG_AGO = NOON.replace(year=2001)
"""Before anything that other tests wrote to the same store."""
DRAFT = TaskDraft(title="once")


def _key(name: str) -> IdempotencyKey:
    return IdempotencyKey.of_request(name, DRAFT)


async def _forget(store: StoreMaintenance, limit: int = 1000, *, dry_run: bool = False) -> int:
    """Forget the deletions and keys from before `LONG_AGO`."""
    return await store.purge(deletions_before=LONG_AGO, keys_before=LONG_AGO, limit=limit, dry_run=dry_run)


async def _given_removed(store: Store, user_id: UserId, titles: str) -> None:
    """Add and remove tasks before `LONG_AGO`, in a store that has nothing else to forget."""
    await _forget(store)
    for task in await add_titles(store, user_id, titles):
        await store.remove(user_id, task.id, at=LONG_AGO.replace(hour=11))


class ExpiresHonestly(Contract):
    """A feed that can't be continued without missing something says so; keys and deletions go when told."""

    async def test_a_token_that_was_never_given_out_is_expired(self, repository: Store) -> None:
        user = someone()
        await add_titles(repository, user, "ab")
        token = await feed_token(repository, user)

        for stranger in (
            FeedToken(token.epoch, 3),
            FeedToken(token.epoch, 10**15),
            FeedToken("0" if token.epoch != "0" else "1", 1),
            FeedToken("0" if token.epoch != "0" else "1", 0),
        ):
            with pytest.raises(CursorExpired):
                await repository.changes(user, stranger, ALL)
        with pytest.raises(CursorExpired):
            await repository.changes(someone(), FeedToken(token.epoch, 1), ALL)

    async def test_a_token_from_before_a_deletion_that_was_purged_is_expired(self, repository: Store) -> None:
        user = someone()
        await _given_removed(repository, user, "ab")
        (task,) = await add_titles(repository, user, "c")
        token = await feed_token(repository, user)

        await _forget(repository)

        for revision in (1, 2, 3):
            with pytest.raises(CursorExpired):
                await repository.changes(user, FeedToken(token.epoch, revision), ALL)
        for revision, changes in ((0, (task,)), (4, (task,)), (5, ())):
            page = await repository.changes(user, FeedToken(token.epoch, revision), ALL)
            assert (page.changes, page.next) == (changes, token)
        assert (await repository.changes(user, None, ALL)).changes == (task,)

    async def test_a_reading_from_the_start_needs_no_deletion_from_before_it_began(self, repository: Store) -> None:
        user = someone()
        first, second, third = await add_titles(repository, user, "abc")
        await _given_removed(repository, user, "d")
        await _forget(repository)

        page = await repository.changes(user, None, 1)
        seen = list(page.changes)
        while page.has_more:
            page = await repository.changes(user, page.next, 1)
            seen += page.changes

        assert seen == [first, second, third]
        assert page.next == await feed_token(repository, user)

    async def test_a_reading_from_the_start_is_expired_by_a_deletion_since_it_began(self, repository: Store) -> None:
        user = someone()
        await add_titles(repository, user, "abc")
        page = await repository.changes(user, None, 1)
        await repository.remove(user, 1, at=LONG_AGO.replace(hour=11))

        await _forget(repository)

        for token in (page.next, page.token_after(page.changes[0])):
            with pytest.raises(CursorExpired):
                await repository.changes(user, token, 1)

    async def test_forgetting_a_deletion_leaves_tasks_ids_and_other_feeds_as_they_are(self, repository: Store) -> None:
        user, other = someone(), someone()
        await _given_removed(repository, user, "ab")
        await add_titles(repository, other, "abc")
        await repository.remove(other, 2, at=LONG_AGO)
        before = await look(repository, other)
        token = FeedToken(before[1].next.epoch, 1)

        await _forget(repository)

        assert await look(repository, other) == before
        assert Deletion(2, 4) in (await repository.changes(other, token, ALL)).changes
        added = await repository.add(user, DRAFT, at=NOON)
        assert (added.task.id, added.task.revision) == (3, 5)

    async def test_only_what_is_older_than_asked_is_forgotten(self, repository: Store) -> None:
        user = someone()
        await _given_removed(repository, user, "ab")
        (task,) = await add_titles(repository, user, "c")
        await repository.remove(user, task.id, at=LONG_AGO)
        await repository.add(user, DRAFT, at=LONG_AGO.replace(hour=11), key=_key("old"))
        await repository.add(user, DRAFT, at=LONG_AGO, key=_key("young"))

        forgotten = await _forget(repository)

        young = await repository.add(user, DRAFT, at=NOON, key=_key("young"))
        old = await repository.add(user, DRAFT, at=NOON, key=_key("old"))
        changes = (await repository.changes(user, None, ALL)).changes
        assert forgotten == 3
        assert [change.id for change in changes if isinstance(change, Deletion)] == [3]
        assert (young.task.id, young.replayed) == (5, True)
        assert (old.task.id, old.replayed) == (6, False)

    async def test_deletions_and_keys_have_times_of_their_own(self, repository: Store) -> None:
        user = someone()
        await _given_removed(repository, user, "a")
        await repository.add(user, DRAFT, at=LONG_AGO.replace(hour=11), key=_key("k"))
        never = LONG_AGO.replace(year=1)

        keys = await repository.purge(deletions_before=never, keys_before=LONG_AGO, limit=ALL)
        deletions = await repository.purge(deletions_before=LONG_AGO, keys_before=never, limit=ALL)

        assert (keys, deletions) == (1, 1)

    async def test_a_purge_forgets_no_more_than_its_limit_and_a_dry_run_forgets_nothing(
        self, repository: Store
    ) -> None:
        user = someone()
        await _given_removed(repository, user, "abc")
        await repository.add(user, DRAFT, at=LONG_AGO.replace(hour=11), key=_key("k"))
        before = await look(repository, user)

        foreseen = [await _forget(repository, dry_run=True), await _forget(repository, 3, dry_run=True)]
        untouched = await look(repository, user)
        forgotten = [await _forget(repository, 3), await _forget(repository, 3), await _forget(repository, 3)]

        assert (foreseen, forgotten) == ([4, 3], [3, 1, 0])
        assert untouched == before
        assert not (await repository.add(user, DRAFT, at=NOON, key=_key("k"))).replayed

    async def test_a_store_that_can_be_used_passes_its_check(self, repository: Store) -> None:
        await repository.check()

        assert await repository.revisions([]) == {}
