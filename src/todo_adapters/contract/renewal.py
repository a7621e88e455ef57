"""A new epoch: the tokens of earlier epochs expire, and no revision is used twice."""

from collections.abc import Awaitable, Callable
from typing import Final
from uuid import uuid4

import pytest

from todo_adapters.contract.scenario import (
    ALL,
    NOON,
    YEARS_AGO,
    add_titles,
    feed_token,
    new_user,
    read_everything,
    set_title,
)
from todo_adapters.contract.suite import Contract
from todo_domain import (
    Batch,
    Create,
    CursorExpired,
    FeedToken,
    IdempotencyKey,
    Outcome,
    Patch,
    Remove,
    TaskDraft,
    TaskPatch,
    TaskQuery,
    TaskStore,
    UserId,
    revision_floor,
)

Write = Callable[[TaskStore, UserId], Awaitable[object]]

DRAFT: Final = TaskDraft(title="new")
BATCH: Final = Batch((Create(DRAFT),))
FIRST: Final = revision_floor(NOON) + 1
"""The first revision of a list after a renewal at noon."""


async def _remove_first(store: TaskStore, user: UserId) -> None:
    (first,) = (await store.list(user, TaskQuery(limit=1))).tasks
    await store.remove(user, first.id, at=NOON)


async def _remove_first_guarded(store: TaskStore, user: UserId) -> None:
    (first,) = (await store.list(user, TaskQuery(limit=1))).tasks
    await store.remove(user, first.id, at=NOON, guard=lambda _: None)


BEGINNINGS: Final[tuple[Write, ...]] = (
    lambda store, user: store.add(user, DRAFT, at=NOON),
    lambda store, user: store.add(user, DRAFT, at=NOON, key=IdempotencyKey.of_request(f"{uuid4()}", DRAFT)),
    lambda store, user: store.apply(user, BATCH, at=NOON),
    lambda store, user: store.apply(user, BATCH, at=NOON, key=IdempotencyKey.of_request(f"{uuid4()}", BATCH)),
)
"""Every way to write the first revision of a list."""
WRITES: Final[tuple[Write, ...]] = (
    *BEGINNINGS,
    lambda store, user: store.change(user, 1, lambda task: task._replace(title=f"{task.title}!")),
    _remove_first,
    _remove_first_guarded,
)
"""Every way to write one revision to a list of two tasks. Each way works twice."""


class RenewsTheEpoch(Contract):
    """Any revisions and lists may have been lost. So no earlier revision is used again."""

    async def test_renewing_the_epoch_expires_every_token_and_does_not_alter_lists(self, repository: TaskStore) -> None:
        user, reader = new_user(), new_user()
        await add_titles(repository, user, "ab")
        page, feed = await read_everything(repository, user)
        unused = await feed_token(repository, reader)

        epoch = await repository.renew_epoch(at=NOON)

        for owner, token in ((user, feed.next), (user, FeedToken(feed.next.epoch, 1)), (reader, unused)):
            with pytest.raises(CursorExpired):
                await repository.changes(owner, token, ALL)
        renewed = FeedToken(epoch, 2)
        assert epoch != feed.next.epoch
        assert FeedToken.parse(str(renewed)) == renewed
        assert (await read_everything(repository, user))[0] == page
        changed = await repository.change(user, 1, set_title("A"))
        assert (await repository.changes(user, renewed, ALL)).changes == (changed,)

    async def test_no_revision_is_used_twice_after_the_epoch_was_renewed(self, repository: TaskStore) -> None:
        """Neither in a list that exists, nor in one that does not: it may have been lost."""
        cases = [(new_user(), write) for write in (*WRITES, *BEGINNINGS)]
        users = [user for user, _ in cases]
        for user in users[: len(WRITES)]:
            await add_titles(repository, user, "ab")
        await repository.renew_epoch(at=NOON)

        for revision in (FIRST, FIRST + 1):
            for user, write in cases:
                await write(repository, user)

            assert await repository.revisions(users) == dict.fromkeys(users, revision)
            for user in users:
                assert (await repository.changes(user, None, ALL)).changes[-1].revision == revision

    async def test_a_batch_after_a_renewal_increments_the_revision_only_for_tasks_that_it_alters(
        self, repository: TaskStore
    ) -> None:
        user = new_user()
        await add_titles(repository, user, "ab")
        await repository.renew_epoch(at=NOON)

        idle = await repository.apply(user, Batch((Patch(1, TaskPatch(title="a")),)), at=NOON)
        before = await repository.revisions([user])
        busy = await repository.apply(user, Batch((Create(DRAFT), Patch(2, TaskPatch(title="b")), Remove(1))), at=NOON)

        assert (idle.outcomes, before) == ((Outcome(1, 1),), {user: 2})
        assert busy.outcomes == (Outcome(3, FIRST), Outcome(2, 2), Outcome(1, FIRST + 1))
        assert await repository.revisions([user]) == {user: FIRST + 1}

    async def test_a_renewal_with_an_earlier_time_does_not_lower_revisions(self, repository: TaskStore) -> None:
        await repository.renew_epoch(at=NOON)

        await repository.renew_epoch(at=YEARS_AGO)

        (task,) = await add_titles(repository, new_user(), "a")
        assert task.revision == FIRST
