"""The promise to honour conditions: a write based on another state than the present is refused."""

import asyncio

import pytest

from todo_adapters.contract.scenario import NOON, WRITERS, add_titles, after, look, retitle, someone
from todo_adapters.contract.suite import Contract, Store
from todo_domain import Edit, Guard, PreconditionFailed, Task, TaskNotFound


def _expecting(revision: int, edit: Edit) -> Edit:
    def expecting(task: Task) -> Task:
        task.require(frozenset({revision}))
        return edit(task)

    return expecting


def _at_revision(revision: int) -> Guard:
    return lambda task: task.require(frozenset({revision}))


class HonoursConditions(Contract):
    """A condition is judged on the state that the write replaces, in the same step."""

    async def test_a_change_whose_condition_holds_is_made(self, repository: Store) -> None:
        user = someone()
        await add_titles(repository, user, "ab")

        changed = await repository.change(user, 1, _expecting(1, retitle("A")))

        assert (changed.title, changed.revision) == ("A", 3)

    async def test_a_removal_whose_guard_lets_it_pass_is_made(self, repository: Store) -> None:
        user = someone()
        await add_titles(repository, user, "ab")

        await repository.remove(user, 1, at=NOON, guard=_at_revision(1))

        with pytest.raises(TaskNotFound):
            await repository.get(user, 1)

    async def test_a_write_whose_condition_fails_changes_nothing(self, repository: Store) -> None:
        user = someone()
        await add_titles(repository, user, "ab")
        await repository.change(user, 1, retitle("A", after(1)))
        before = await look(repository, user)

        with pytest.raises(PreconditionFailed) as changing:
            await repository.change(user, 1, _expecting(1, retitle("AA")))
        with pytest.raises(PreconditionFailed) as removing:
            await repository.remove(user, 1, at=NOON, guard=_at_revision(1))

        assert changing.value.current == removing.value.current == 3
        assert await look(repository, user) == before

    async def test_of_writers_that_expect_the_same_state_one_wins(self, repository: Store) -> None:
        user = someone()
        await add_titles(repository, user, "a")

        changes = (repository.change(user, 1, _expecting(1, retitle(f"{n}"))) for n in range(WRITERS // 2))
        removals = (repository.remove(user, 1, at=NOON, guard=_at_revision(1)) for _ in range(WRITERS // 2))
        answers = await asyncio.gather(*removals, *changes, return_exceptions=True)

        won = [answer for answer in answers if not isinstance(answer, BaseException)]
        lost = [answer for answer in answers if isinstance(answer, PreconditionFailed | TaskNotFound)]
        assert (len(won), len(lost)) == (1, WRITERS - 1)
        assert await repository.revisions([user]) == {user: 2}
