"""The promise to change atomically: wholly and on the state that was read, or not at all."""

import pytest

from todo_adapters.contract.scenario import NOON, add_titles, after, look, retitle, someone
from todo_adapters.contract.suite import Contract, Store
from todo_domain import PreconditionFailed, Task, TaskDraft, TaskNotFound, TaskPatch


class EditRefused(Exception):
    """An error that no adapter knows."""


class ChangesAtomically(Contract):
    """An edit is applied to the task as it is; what it refuses or leaves equal is not written."""

    async def test_a_change_raises_the_revision_by_one_and_touches_nothing_else(self, repository: Store) -> None:
        user = someone()
        _, second, third = await add_titles(repository, user, "abc")

        changed = await repository.change(user, 1, retitle("A", after(1)))

        page, feed = await look(repository, user)
        assert (changed.title, changed.revision, changed.updated_at) == ("A", 4, after(1))
        assert page.tasks == (changed, second, third)
        assert feed.changes == (second, third, changed)
        assert page.revision == feed.next.revision == 4

    async def test_an_edit_is_given_the_task_as_it_is(self, repository: Store) -> None:
        user = someone()
        await add_titles(repository, user, "a")
        changed = await repository.change(user, 1, retitle("b"))
        given: list[Task] = []

        await repository.change(user, 1, lambda task: given.append(task) or task)  # type: ignore[func-returns-value]

        assert given[-1] == changed

    async def test_a_change_to_what_is_there_already_changes_nothing(self, repository: Store) -> None:
        user = someone()
        (task,) = await add_titles(repository, user, "a")
        before = await look(repository, user)

        unchanged = await repository.change(user, 1, retitle("a", after(1)))
        equal = await repository.change(user, 1, Task._replace)

        assert unchanged == equal == task
        assert await look(repository, user) == before

    @pytest.mark.parametrize("error", [EditRefused("no"), PreconditionFailed(7), TaskNotFound(7), KeyError("no")])
    async def test_an_edit_that_raises_changes_nothing_and_its_error_comes_through(
        self, repository: Store, error: Exception
    ) -> None:
        user = someone()
        await add_titles(repository, user, "ab")
        before = await look(repository, user)

        def refuse(_: Task) -> Task:
            raise error

        with pytest.raises(type(error)) as raised:
            await repository.change(user, 1, refuse)

        assert raised.value is error
        assert await look(repository, user) == before
        assert (await repository.change(user, 1, retitle("c"))).revision == 3

    async def test_a_change_of_a_missing_task_changes_nothing(self, repository: Store) -> None:
        user = someone()
        await add_titles(repository, user, "ab")
        await repository.remove(user, 1, at=NOON)
        before = await look(repository, user)

        for task_id in (1, 3):
            with pytest.raises(TaskNotFound):
                await repository.change(user, task_id, retitle("c"))

        assert await look(repository, user) == before

    async def test_time_is_what_the_caller_says_and_an_update_never_goes_back_in_it(self, repository: Store) -> None:
        user = someone()
        await repository.add(user, TaskDraft(title="a"), at=after(60))

        earlier = await repository.change(user, 1, retitle("b", after(-60)))
        later = await repository.change(user, 1, retitle("c", after(90)))
        between = await repository.change(user, 1, lambda task: task.patched(TaskPatch(complete=True), after(70)))

        assert (earlier.created_at, earlier.updated_at) == (after(60), after(60))
        assert (later.created_at, later.updated_at) == (after(60), after(90))
        assert (between.updated_at, between.completed_at) == (after(90), after(90))
        assert await repository.get(user, 1) == between
