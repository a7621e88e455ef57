"""Batches: all operations in their order, or none."""

import datetime as dt

import pytest

from todo_adapters.contract.scenario import ALL, NOON, add_titles, new_user, noon_plus, read_everything, set_title
from todo_adapters.contract.suite import Contract
from todo_domain import (
    Batch,
    BatchFailed,
    BatchResult,
    Create,
    Deletion,
    DuePatch,
    Operation,
    Outcome,
    Patch,
    PreconditionFailed,
    Remove,
    RuleViolated,
    Task,
    TaskDraft,
    TaskNotFound,
    TaskPatch,
    TaskStore,
    TodoError,
)

FAILING: dict[str, tuple[Operation, type[TodoError]]] = {
    "a missing task is patched": (Patch(9, TaskPatch(title="x")), TaskNotFound),
    "a missing task is removed": (Remove(9), TaskNotFound),
    "a task removed before is patched": (Patch(2, TaskPatch(title="x")), TaskNotFound),
    "the task is at another revision": (Patch(1, TaskPatch(title="x"), frozenset({1})), PreconditionFailed),
    "the patched due breaks a rule": (Patch(1, TaskPatch(due=DuePatch(time=dt.time(18)))), RuleViolated),
    "no revision is accepted": (Remove(3, frozenset()), PreconditionFailed),
}


class AppliesBatchesAtomically(Contract):
    """An operation sees the effects of earlier ones. A failed batch has no effect."""

    async def test_every_operation_is_done_in_order(self, repository: TaskStore) -> None:
        user = new_user()
        first, _ = await add_titles(repository, user, "ab")
        patch, draft = TaskPatch(title="A", complete=True), TaskDraft(title="c", tags=("t",))

        operations = (Patch(1, patch, frozenset({1})), Create(draft), Remove(2, frozenset({2})))
        result = await repository.apply(user, Batch(operations), at=noon_plus(1))

        patched = first.patched(patch, noon_plus(1))._replace(revision=3)
        created = Task.from_draft(draft, user_id=user, id=3, revision=4, at=noon_plus(1))
        page, feed = await read_everything(repository, user)
        assert result == BatchResult((Outcome(1, 3), Outcome(3, 4), Outcome(2, 5)), noon_plus(1))
        assert set(page.tasks) == {patched, created}
        assert feed.changes == (patched, created, Deletion(2, 5))
        assert page.revision == feed.next.revision == 5

    async def test_an_operation_sees_the_effects_of_earlier_operations(self, repository: TaskStore) -> None:
        user = new_user()
        operations = (
            Create(TaskDraft(title="a")),
            Patch(1, TaskPatch(title="b"), frozenset({1})),
            Create(TaskDraft(title="c")),
            Remove(2),
        )

        result = await repository.apply(user, Batch(operations), at=NOON)

        page, feed = await read_everything(repository, user)
        assert result.outcomes == (Outcome(1, 1), Outcome(1, 2), Outcome(2, 3), Outcome(2, 4))
        assert [(task.title, task.revision) for task in page.tasks] == [("b", 2)]
        assert feed.changes == (*page.tasks, Deletion(2, 4))
        assert (await repository.add(user, TaskDraft(title="d"), at=NOON)).task.id == 3

    async def test_an_operation_that_alters_nothing_does_not_increment_the_revision(
        self, repository: TaskStore
    ) -> None:
        user = new_user()
        (task,) = await add_titles(repository, user, "a")
        before = await read_everything(repository, user)

        same = Patch(1, TaskPatch(title="a"))
        nothing = await repository.apply(user, Batch((same, same)), at=noon_plus(1))

        assert nothing.outcomes == (Outcome(1, 1), Outcome(1, 1))
        assert await read_everything(repository, user) == before
        assert await repository.get(user, 1) == task

    @pytest.mark.parametrize(("last", "error"), FAILING.values(), ids=FAILING)
    async def test_a_batch_that_fails_at_its_last_operation_changes_nothing(
        self, repository: TaskStore, last: Operation, error: type[TodoError]
    ) -> None:
        user = new_user()
        await add_titles(repository, user, "abc")
        await repository.change(user, 1, set_title("A"))
        before = await read_everything(repository, user)

        operations = (Create(TaskDraft(title="d")), Patch(3, TaskPatch(complete=True)), Remove(2), last)
        with pytest.raises(BatchFailed) as failed:
            await repository.apply(user, Batch(operations), at=NOON)

        assert (failed.value.index, type(failed.value.cause)) == (3, error)
        assert await read_everything(repository, user) == before
        added = await repository.add(user, TaskDraft(title="d"), at=NOON)
        assert (added.task.id, added.task.revision) == (4, 5)

    async def test_a_failed_batch_creates_no_list(self, repository: TaskStore) -> None:
        user = new_user()

        with pytest.raises(BatchFailed):
            await repository.apply(user, Batch((Create(TaskDraft(title="a")), Remove(2))), at=NOON)

        page, feed = await read_everything(repository, user)
        assert (page.tasks, page.revision, feed.changes, feed.next.revision) == ((), 0, (), 0)

    async def test_a_batch_of_the_maximum_size_is_done(self, repository: TaskStore) -> None:
        user = new_user()
        await repository.apply(user, Batch((Create(TaskDraft(title="a", description="x" * 1000)),) * 100), at=NOON)

        patch = TaskPatch(title="b", complete=True)
        result = await repository.apply(user, Batch(tuple(Patch(n, patch) for n in range(1, 101))), at=NOON)

        assert [outcome.revision for outcome in result.outcomes] == list(range(101, 201))
        feed = await repository.changes(user, None, ALL)
        assert [change.revision for change in feed.changes] == list(range(101, 201))
