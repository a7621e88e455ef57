"""Preconditions: a write that expects another state than the current one is refused."""

import asyncio

import pytest

from todo_adapters.contract.scenario import NOON, WRITERS, add_titles, new_user, noon_plus, read_everything, set_title
from todo_adapters.contract.suite import Contract
from todo_domain import Edit, Guard, PreconditionFailed, Task, TaskNotFound, TaskStore


def _expecting(revision: int, edit: Edit) -> Edit:
    def expecting(task: Task) -> Task:
        task.require(frozenset({revision}))
        return edit(task)

    return expecting


def _at_revision(revision: int) -> Guard:
    return lambda task: task.require(frozenset({revision}))


class ChecksPreconditions(Contract):
    """A precondition is evaluated on the state that the write replaces, in the same atomic step."""

    async def test_a_change_with_a_true_precondition_is_made(self, repository: TaskStore) -> None:
        user = new_user()
        await add_titles(repository, user, "ab")

        changed = await repository.change(user, 1, _expecting(1, set_title("A")))

        assert (changed.title, changed.revision) == ("A", 3)

    async def test_a_removal_whose_guard_does_not_raise_is_made(self, repository: TaskStore) -> None:
        user = new_user()
        await add_titles(repository, user, "ab")

        await repository.remove(user, 1, at=NOON, guard=_at_revision(1))

        with pytest.raises(TaskNotFound):
            await repository.get(user, 1)

    async def test_a_write_with_a_false_precondition_changes_nothing(self, repository: TaskStore) -> None:
        user = new_user()
        await add_titles(repository, user, "ab")
        await repository.change(user, 1, set_title("A", noon_plus(1)))
        before = await read_everything(repository, user)

        with pytest.raises(PreconditionFailed) as changing:
            await repository.change(user, 1, _expecting(1, set_title("AA")))
        with pytest.raises(PreconditionFailed) as removing:
            await repository.remove(user, 1, at=NOON, guard=_at_revision(1))

        assert changing.value.current == removing.value.current == 3
        assert await read_everything(repository, user) == before

    async def test_exactly_one_of_several_writers_that_expect_the_same_revision_succeeds(
        self, repository: TaskStore
    ) -> None:
        user = new_user()
        await add_titles(repository, user, "a")

        changes = (repository.change(user, 1, _expecting(1, set_title(f"{n}"))) for n in range(WRITERS // 2))
        removals = (repository.remove(user, 1, at=NOON, guard=_at_revision(1)) for _ in range(WRITERS // 2))
        results = await asyncio.gather(*removals, *changes, return_exceptions=True)

        won = [result for result in results if not isinstance(result, BaseException)]
        lost = [result for result in results if isinstance(result, PreconditionFailed | TaskNotFound)]
        assert (len(won), len(lost)) == (1, WRITERS - 1)
        assert await repository.revisions([user]) == {user: 2}
