"""Changes: an edit is applied to the current task completely, or not at all."""

import pytest

from todo_adapters.contract.scenario import NOON, add_titles, new_user, noon_plus, read_everything, set_title
from todo_adapters.contract.suite import Contract
from todo_domain import PreconditionFailed, Task, TaskDraft, TaskNotFound, TaskPatch, TaskStore


class EditRefused(Exception):
    """An error that no adapter knows."""


class ChangesAtomically(Contract):
    """What an edit returns is written; what it refuses or leaves equal is not."""

    async def test_a_change_increments_the_revision_and_alters_nothing_else(self, repository: TaskStore) -> None:
        user = new_user()
        _, second, third = await add_titles(repository, user, "abc")

        changed = await repository.change(user, 1, set_title("A", noon_plus(1)))

        page, feed = await read_everything(repository, user)
        assert (changed.title, changed.revision, changed.updated_at) == ("A", 4, noon_plus(1))
        assert page.tasks == (changed, second, third)
        assert feed.changes == (second, third, changed)
        assert page.revision == feed.next.revision == 4

    async def test_an_edit_receives_the_current_task(self, repository: TaskStore) -> None:
        user = new_user()
        await add_titles(repository, user, "a")
        changed = await repository.change(user, 1, set_title("b"))
        received: list[Task] = []

        await repository.change(user, 1, lambda task: received.append(task) or task)  # type: ignore[func-returns-value]

        assert received[-1] == changed

    async def test_an_edit_that_returns_an_equal_task_changes_nothing(self, repository: TaskStore) -> None:
        user = new_user()
        (task,) = await add_titles(repository, user, "a")
        before = await read_everything(repository, user)

        unchanged = await repository.change(user, 1, set_title("a", noon_plus(1)))
        equal = await repository.change(user, 1, Task._replace)

        assert unchanged == equal == task
        assert await read_everything(repository, user) == before

    @pytest.mark.parametrize("error", [EditRefused("no"), PreconditionFailed(7), TaskNotFound(7), KeyError("no")])
    async def test_an_edit_that_raises_changes_nothing_and_its_error_is_raised(
        self, repository: TaskStore, error: Exception
    ) -> None:
        user = new_user()
        await add_titles(repository, user, "ab")
        before = await read_everything(repository, user)

        def refuse(_: Task) -> Task:
            raise error

        with pytest.raises(type(error)) as raised:
            await repository.change(user, 1, refuse)

        assert raised.value is error
        assert await read_everything(repository, user) == before
        assert (await repository.change(user, 1, set_title("c"))).revision == 3

    async def test_a_change_of_a_missing_task_changes_nothing(self, repository: TaskStore) -> None:
        user = new_user()
        await add_titles(repository, user, "ab")
        await repository.remove(user, 1, at=NOON)
        before = await read_everything(repository, user)

        for task_id in (1, 3):
            with pytest.raises(TaskNotFound):
                await repository.change(user, task_id, set_title("c"))

        assert await read_everything(repository, user) == before

    async def test_timestamps_come_from_the_caller_and_updated_at_never_decreases(self, repository: TaskStore) -> None:
        user = new_user()
        await repository.add(user, TaskDraft(title="a"), at=noon_plus(60))

        earlier = await repository.change(user, 1, set_title("b", noon_plus(-60)))
        later = await repository.change(user, 1, set_title("c", noon_plus(90)))
        between = await repository.change(user, 1, lambda task: task.patched(TaskPatch(complete=True), noon_plus(70)))

        assert (earlier.created_at, earlier.updated_at) == (noon_plus(60), noon_plus(60))
        assert (later.created_at, later.updated_at) == (noon_plus(60), noon_plus(90))
        assert (between.updated_at, between.completed_at) == (noon_plus(90), noon_plus(90))
        assert await repository.get(user, 1) == between
