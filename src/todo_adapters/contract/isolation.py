"""Isolation: no user can read or alter the list of another user."""

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from todo_adapters.contract.scenario import NOON, add_titles, new_user, read_everything, set_title
from todo_adapters.contract.suite import Contract
from todo_domain import (
    Batch,
    BatchFailed,
    Create,
    Patch,
    Remove,
    TaskDraft,
    TaskNotFound,
    TaskPatch,
    TaskStore,
    TodoError,
    UserId,
)

Call = Callable[[TaskStore, UserId], Coroutine[Any, Any, object]]

ON_TASK_2: dict[str, Call] = {
    "get": lambda repository, user: repository.get(user, 2),
    "change": lambda repository, user: repository.change(user, 2, set_title("stolen")),
    "remove": lambda repository, user: repository.remove(user, 2, at=NOON),
    "patch in a batch": lambda repository, user: repository.apply(
        user, Batch((Patch(2, TaskPatch(title="stolen")),)), at=NOON
    ),
    "remove in a batch": lambda repository, user: repository.apply(user, Batch((Remove(2),)), at=NOON),
}


class IsolatesUsers(Contract):
    """Every call concerns the list of one user, however similar the names of other users are."""

    @pytest.mark.parametrize("neighbour", ["{}a", "{}A", "{}_", "{}.", "{}x:1", "_{}", "U{}"])
    async def test_users_see_their_own_tasks_only(self, repository: TaskStore, neighbour: str) -> None:
        """Names that differ in case, by a wildcard or by one character are different names."""
        alice = UserId(f"{new_user()}x")
        bob = UserId(neighbour.format(alice[:-1]))

        (alices,) = await add_titles(repository, alice, ["alice's"])
        (bobs,) = await add_titles(repository, bob, ["bob's"])

        for user, task in ((alice, alices), (bob, bobs)):
            page, feed = await read_everything(repository, user)
            assert page.tasks == feed.changes == (task,)
            assert (page.revision, feed.next.revision) == (1, 1)
            assert await repository.get(user, 1) == task
            assert await repository.revisions([user]) == {user: 1}

    @pytest.mark.parametrize("call", ON_TASK_2.values(), ids=ON_TASK_2)
    async def test_a_task_of_another_user_is_not_found(self, repository: TaskStore, call: Call) -> None:
        """It can't be distinguished from a task that does not exist, and it is not altered."""
        alice, mallory = new_user(), new_user()
        await add_titles(repository, alice, ["one", "two"])
        await add_titles(repository, mallory, ["one"])
        before = await read_everything(repository, alice), await read_everything(repository, mallory)

        with pytest.raises(TodoError) as error:
            await call(repository, mallory)

        cause = error.value.cause if isinstance(error.value, BatchFailed) else error.value
        assert isinstance(cause, TaskNotFound)
        assert (await read_everything(repository, alice), await read_everything(repository, mallory)) == before

    async def test_a_write_does_not_alter_other_lists(self, repository: TaskStore) -> None:
        """Neither the tasks nor the revision of another list change."""
        alice, bob = new_user(), new_user()
        await add_titles(repository, alice, "abc")
        await add_titles(repository, bob, "abc")
        before = await read_everything(repository, alice)

        await repository.change(bob, 1, set_title("changed"))
        await repository.remove(bob, 2, at=NOON)
        operations = (Patch(1, TaskPatch(complete=True)), Remove(3), Create(TaskDraft(title="d")))
        await repository.apply(bob, Batch(operations), at=NOON)

        assert await read_everything(repository, alice) == before
