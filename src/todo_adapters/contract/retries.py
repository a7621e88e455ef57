"""Retries: a request with an idempotency key is done once, however often it is sent."""

import asyncio

import pytest

from todo_adapters.contract.scenario import NOON, WRITERS, add_titles, new_user, noon_plus, read_everything, set_title
from todo_adapters.contract.suite import Contract
from todo_domain import (
    Added,
    Batch,
    BatchFailed,
    BatchResult,
    Create,
    Due,
    IdempotencyConflict,
    IdempotencyKey,
    Patch,
    Priority,
    Remove,
    TaskDraft,
    TaskPatch,
    TaskStore,
)

DRAFT = TaskDraft(
    title="once", description="d", complete=True, priority=Priority.HIGH, due=Due(NOON.date()), tags=("a",)
)
BATCH = Batch((Create(DRAFT), Patch(1, TaskPatch(complete=True)), Patch(1, TaskPatch(complete=True)), Remove(2)))


def _key(request: object, key: str = "key") -> IdempotencyKey:
    return IdempotencyKey.of_request(key, request)


class RecognisesRetries(Contract):
    """With a key, the first result is returned again and nothing is done twice."""

    async def test_a_retry_adds_nothing_and_returns_the_first_result(self, repository: TaskStore) -> None:
        user = new_user()
        first = await repository.add(user, DRAFT, at=NOON.replace(microsecond=1), key=_key(DRAFT))
        before = await read_everything(repository, user)

        again = await repository.add(user, DRAFT, at=noon_plus(60), key=_key(DRAFT))

        assert not first.replayed
        assert again == Added(first.task, replayed=True)
        assert await read_everything(repository, user) == before

    async def test_a_retry_returns_the_first_result_after_a_change_and_after_a_removal(
        self, repository: TaskStore
    ) -> None:
        user = new_user()
        first = await repository.add(user, DRAFT, at=NOON, key=_key(DRAFT))

        await repository.change(user, 1, set_title("changed", noon_plus(1)))
        changed = await repository.add(user, DRAFT, at=noon_plus(2), key=_key(DRAFT))
        await repository.remove(user, 1, at=noon_plus(3))
        removed = await repository.add(user, DRAFT, at=noon_plus(4), key=_key(DRAFT))

        assert changed == removed == Added(first.task, replayed=True)
        assert await repository.revisions([user]) == {user: 3}

    async def test_exactly_one_of_several_concurrent_retries_adds_a_task(self, repository: TaskStore) -> None:
        user = new_user()

        results = await asyncio.gather(
            *(repository.add(user, DRAFT, at=noon_plus(n), key=_key(DRAFT)) for n in range(WRITERS))
        )

        assert [result.replayed for result in results].count(False) == 1
        assert {result.task for result in results} == {await repository.get(user, 1)}
        assert await repository.revisions([user]) == {user: 1}

    async def test_a_key_that_was_used_for_another_request_is_refused(self, repository: TaskStore) -> None:
        """Whether `add` or `apply` stored the key: a list has one set of keys."""
        user = new_user()
        await repository.add(user, DRAFT, at=NOON, key=_key(DRAFT, "added"))
        await add_titles(repository, user, "b")
        await repository.apply(user, BATCH, at=NOON, key=_key(BATCH, "applied"))
        before = await read_everything(repository, user)
        other_draft, other_batch = TaskDraft(title="twice"), Batch((Remove(1),))

        for stored in ("added", "applied"):
            with pytest.raises(IdempotencyConflict):
                await repository.add(user, other_draft, at=NOON, key=_key(other_draft, stored))
            with pytest.raises(IdempotencyConflict):
                await repository.apply(user, other_batch, at=NOON, key=_key(other_batch, stored))

        assert await read_everything(repository, user) == before

    @pytest.mark.parametrize("other", ["KEY", "key!", "ke_", "!", "~" * 255])
    async def test_requests_with_different_keys_are_different_requests(self, repository: TaskStore, other: str) -> None:
        user = new_user()

        await repository.add(user, DRAFT, at=NOON, key=_key(DRAFT))
        second = await repository.add(user, DRAFT, at=NOON, key=_key(DRAFT, other))
        third = await repository.add(user, DRAFT, at=NOON)
        again = await repository.add(user, DRAFT, at=NOON, key=_key(DRAFT, other))

        assert (second.task.id, third.task.id, again.task.id) == (2, 3, 2)
        assert (second.replayed, third.replayed, again.replayed) == (False, False, True)

    async def test_keys_of_different_users_are_different_keys(self, repository: TaskStore) -> None:
        alice, bob = new_user(), new_user()
        other = TaskDraft(title="bob's")

        await repository.add(alice, DRAFT, at=NOON, key=_key(DRAFT))
        bobs = await repository.add(bob, other, at=NOON, key=_key(other))

        assert not bobs.replayed
        assert (bobs.task.user_id, bobs.task.title, bobs.task.id) == (bob, "bob's", 1)

    async def test_a_retried_batch_returns_the_first_outcomes(self, repository: TaskStore) -> None:
        user = new_user()
        await add_titles(repository, user, "ab")
        first = await repository.apply(user, BATCH, at=NOON, key=_key(BATCH))
        await repository.change(user, 1, set_title("changed"))
        await repository.remove(user, 1, at=NOON)
        before = await read_everything(repository, user)

        again = await repository.apply(user, BATCH, at=noon_plus(1), key=_key(BATCH))

        assert not first.replayed
        assert again == BatchResult(first.outcomes, first.at, replayed=True)
        assert await read_everything(repository, user) == before

    async def test_exactly_one_of_several_concurrent_batches_with_one_key_is_done(self, repository: TaskStore) -> None:
        user = new_user()
        await add_titles(repository, user, "ab")

        results = await asyncio.gather(
            *(repository.apply(user, BATCH, at=NOON, key=_key(BATCH)) for _ in range(WRITERS))
        )

        assert [result.replayed for result in results].count(False) == 1
        assert len({result.outcomes for result in results}) == 1
        assert await repository.revisions([user]) == {user: 5}

    async def test_a_failed_batch_does_not_store_its_key(self, repository: TaskStore) -> None:
        user = new_user()
        failing = Batch((Create(DRAFT), Remove(7)))

        with pytest.raises(BatchFailed):
            await repository.apply(user, failing, at=NOON, key=_key(failing))
        added = await repository.add(user, DRAFT, at=NOON, key=_key(DRAFT))

        assert (added.task.id, added.task.revision, added.replayed) == (1, 1, False)

    async def test_a_batch_that_alters_nothing_stores_its_key(self, repository: TaskStore) -> None:
        user = new_user()
        await add_titles(repository, user, "a")
        batch = Batch((Patch(1, TaskPatch(title="a")),))

        first = await repository.apply(user, batch, at=NOON, key=_key(batch))
        await repository.change(user, 1, set_title("b"))
        again = await repository.apply(user, batch, at=NOON, key=_key(batch))

        assert again == BatchResult(first.outcomes, first.at, replayed=True)
        assert await repository.revisions([user]) == {user: 2}
