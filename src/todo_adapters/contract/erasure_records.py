"""What a store remembers of erasures: who was erased and when, until that is purged."""

import pytest

from todo_adapters.contract.erasures import erase
from todo_adapters.contract.scenario import ALL, NOON, YEARS_AGO, add_titles, feed_token, new_user
from todo_adapters.contract.suite import Contract
from todo_domain import CursorExpired, FeedToken, TaskStore, UserId


class RemembersErasures(Contract):
    """An erasure is known until it is purged. A purge completes erasures, and no earlier revision is used again."""

    async def test_a_store_knows_who_was_erased_since_a_time(self, repository: TaskStore) -> None:
        first, second, twice = new_user(), new_user(), new_user()
        future = NOON.replace(year=2101)
        for user, at in ((first, NOON), (second, future), (twice, NOON), (twice, future.replace(hour=13))):
            await erase(repository, user, at)

        erased = await repository.erased_since(future)

        assert first not in erased
        assert (erased.get(second), erased.get(twice)) == (future, future.replace(hour=13))

    async def test_an_old_erasure_is_forgotten_and_no_feed_token_from_before_it_is_accepted(
        self, repository: TaskStore
    ) -> None:
        gone, back, kept = new_user(), new_user(), new_user()
        await repository.purge_erasures(before=YEARS_AGO, limit=ALL)
        for user, hour in ((gone, 10), (back, 11), (kept, 12)):
            await add_titles(repository, user, "abc")
            await erase(repository, user, YEARS_AGO.replace(hour=hour))
        token = await feed_token(repository, gone)
        await add_titles(repository, back, "d")

        counted = await repository.purge_erasures(before=YEARS_AGO, limit=ALL, dry_run=True)
        purged = [await repository.purge_erasures(before=YEARS_AGO, limit=1) for _ in range(3)]

        assert (counted, purged) == (2, [1, 1, 0])
        erased = await repository.erased_since(YEARS_AGO.replace(year=1))
        assert {gone, back, kept} & erased.keys() == {kept}
        (task,) = await add_titles(repository, UserId(gone, YEARS_AGO.replace(hour=1)), "a")
        assert task.revision > token.revision
        with pytest.raises(CursorExpired):
            await repository.changes(gone, FeedToken(token.epoch, 3), ALL)
        (task,) = await add_titles(repository, UserId(back, YEARS_AGO.replace(hour=1)), "a")
        assert (task.id, task.revision) == (5, 6)

    async def test_an_erasure_that_was_not_completed_is_completed_by_purging(self, repository: TaskStore) -> None:
        user = new_user()
        await repository.purge_erasures(before=YEARS_AGO, limit=ALL)
        await add_titles(repository, user, "abc")
        is_done = await repository.erase_user(user, at=NOON, limit=1)

        counted = await repository.purge_erasures(before=YEARS_AGO, limit=1, dry_run=True)
        while await repository.purge_erasures(before=YEARS_AGO, limit=1):
            pass

        assert counted == int(not is_done)
        assert await repository.erase_user(user, at=NOON, limit=1)
        assert (await add_titles(repository, user, "d"))[0].id == 4
