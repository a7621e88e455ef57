"""The promise about retries: a request that names itself by a key is done once, however often it comes."""

import asyncio

import pytest

from todo_adapters.contract.scenario import NOON, WRITERS, add_titles, after, look, retitle, someone
from todo_adapters.contract.suite import Contract, Store
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
)

DRAFT = TaskDraft(
    title="once", description="d", complete=True, priority=Priority.HIGH, due=Due(NOON.date()), tags=("a",)
)
BATCH = Batch((Create(DRAFT), Patch(1, TaskPatch(complete=True)), Patch(1, TaskPatch(complete=True)), Remove(2)))


def _key(request: object, key: str = "key") -> IdempotencyKey:
    return IdempotencyKey.of_request(key, request)


class AnswersRetries(Contract):
    """With a key, the first answer is given again and nothing is done twice."""

    async def test_a_retry_adds_nothing_and_is_given_the_first_answer(self, repository: Store) -> None:
        user = someone()
        first = await repository.add(user, DRAFT, at=NOON.replace(microsecond=1), key=_key(DRAFT))
        before = await look(repository, user)

        again = await repository.add(user, DRAFT, at=after(60), key=_key(DRAFT))

        assert not first.replayed
        assert again == Added(first.task, replayed=True)
        assert await look(repository, user) == before

    async def test_a_retry_is_given_the_first_answer_also_after_a_change_and_a_removal(self, repository: Store) -> None:
        user = someone()
        first = await repository.add(user, DRAFT, at=NOON, key=_key(DRAFT))

        await repository.change(user, 1, retitle("changed", after(1)))
        changed = await repository.add(user, DRAFT, at=after(2), key=_key(DRAFT))
        await repository.remove(user, 1, at=after(3))
        removed = await repository.add(user, DRAFT, at=after(4), key=_key(DRAFT))

        assert changed == removed == Added(first.task, replayed=True)
        assert await repository.revisions([user]) == {user: 3}

    async def test_of_retries_at_once_one_adds(self, repository: Store) -> None:
        user = someone()

        answers = await asyncio.gather(
            *(repository.add(user, DRAFT, at=after(n), key=_key(DRAFT)) for n in range(WRITERS))
        )

        assert [answer.replayed for answer in answers].count(False) == 1
        assert {answer.task for answer in answers} == {await repository.get(user, 1)}
        assert await repository.revisions([user]) == {user: 1}

    async def test_a_key_that_was_used_for_another_request_is_refused(self, repository: Store) -> None:
        """Whichever of the two methods kept it: a list has one set of keys."""
        user = someone()
        await repository.add(user, DRAFT, at=NOON, key=_key(DRAFT, "added"))
        await add_titles(repository, user, "b")
        await repository.apply(user, BATCH, at=NOON, key=_key(BATCH, "applied"))
        before = await look(repository, user)
        other_draft, other_batch = TaskDraft(title="twice"), Batch((Remove(1),))

        for kept in ("added", "applied"):
            with pytest.raises(IdempotencyConflict):
                await repository.add(user, other_draft, at=NOON, key=_key(other_draft, kept))
            with pytest.raises(IdempotencyConflict):
                await repository.apply(user, other_batch, at=NOON, key=_key(other_batch, kept))

        assert await look(repository, user) == before

    @pytest.mark.parametrize("other", ["KEY", "key!", "ke_", "!", "~" * 255])
    async def test_other_keys_are_other_requests(self, repository: Store, other: str) -> None:
        user = someone()

        await repository.add(user, DRAFT, at=NOON, key=_key(DRAFT))
        second = await repository.add(user, DRAFT, at=NOON, key=_key(DRAFT, other))
        third = await repository.add(user, DRAFT, at=NOON)
        again = await repository.add(user, DRAFT, at=NOON, key=_key(DRAFT, other))

        assert (second.task.id, third.task.id, again.task.id) == (2, 3, 2)
        assert (second.replayed, third.replayed, again.replayed) == (False, False, True)

    async def test_a_key_is_its_users_own(self, repository: Store) -> None:
        alice, bob = someone(), someone()
        other = TaskDraft(title="bob's")

        await repository.add(alice, DRAFT, at=NOON, key=_key(DRAFT))
        bobs = await repository.add(bob, other, at=NOON, key=_key(other))

        assert not bobs.replayed
        assert (bobs.task.user_id, bobs.task.title, bobs.task.id) == (bob, "bob's", 1)

    async def test_a_retried_batch_is_given_the_first_outcomes(self, repository: Store) -> None:
        user = someone()
        await add_titles(repository, user, "ab")
        first = await repository.apply(user, BATCH, at=NOON, key=_key(BATCH))
        await repository.change(user, 1, retitle("changed"))
        await repository.remove(user, 1, at=NOON)
        before = await look(repository, user)

        again = await repository.apply(user, BATCH, at=after(1), key=_key(BATCH))

        assert not first.replayed
        assert again == BatchResult(first.outcomes, replayed=True)
        assert await look(repository, user) == before

    async def test_of_batches_with_one_key_at_once_one_is_done(self, repository: Store) -> None:
        user = someone()
        await add_titles(repository, user, "ab")

        answers = await asyncio.gather(
            *(repository.apply(user, BATCH, at=NOON, key=_key(BATCH)) for _ in range(WRITERS))
        )

        assert [answer.replayed for answer in answers].count(False) == 1
        assert len({answer.outcomes for answer in answers}) == 1
        assert await repository.revisions([user]) == {user: 5}

    async def test_a_batch_that_fails_does_not_keep_its_key(self, repository: Store) -> None:
        user = someone()
        failing = Batch((Create(DRAFT), Remove(7)))

        with pytest.raises(BatchFailed):
            await repository.apply(user, failing, at=NOON, key=_key(failing))
        added = await repository.add(user, DRAFT, at=NOON, key=_key(DRAFT))

        assert (added.task.id, added.task.revision, added.replayed) == (1, 1, False)

    async def test_a_batch_that_alters_nothing_keeps_its_key(self, repository: Store) -> None:
        user = someone()
        await add_titles(repository, user, "a")
        batch = Batch((Patch(1, TaskPatch(title="a")),))

        first = await repository.apply(user, batch, at=NOON, key=_key(batch))
        await repository.change(user, 1, retitle("b"))
        again = await repository.apply(user, batch, at=NOON, key=_key(batch))

        assert again == BatchResult(first.outcomes, replayed=True)
        assert await repository.revisions([user]) == {user: 2}
