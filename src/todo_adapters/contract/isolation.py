"""The promise to isolate users: nobody sees or touches what is another's."""

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from todo_adapters.contract.scenario import NOON, add_titles, look, retitle, someone
from todo_adapters.contract.suite import Contract, Store
from todo_domain import Batch, BatchFailed, Create, Patch, Remove, TaskDraft, TaskNotFound, TaskPatch, TodoError, UserId

Call = Callable[[Store, UserId], Coroutine[Any, Any, object]]

ON_TASK_2: dict[str, Call] = {
    "get": lambda repository, user: repository.get(user, 2),
    "change": lambda repository, user: repository.change(user, 2, retitle("stolen")),
    "remove": lambda repository, user: repository.remove(user, 2, at=NOON),
    "patch in a batch": lambda repository, user: repository.apply(
        user, Batch((Patch(2, TaskPatch(title="stolen")),)), at=NOON
    ),
    "remove in a batch": lambda repository, user: repository.apply(user, Batch((Remove(2),)), at=NOON),
}


class IsolatesUsers(Contract):
    """Every call is about the list of one user, and no name is near enough to another's to be taken for it."""

    @pytest.mark.parametrize("neighbour", ["{}a", "{}A", "{}_", "{}.", "{}x:1", "_{}", "U{}"])
    async def test_users_see_their_own_tasks_only(self, repository: Store, neighbour: str) -> None:
        """Also when their names differ in case, by a wildcard or by one character."""
        alice = UserId(f"{someone()}x")
        bob = UserId(neighbour.format(alice[:-1]))

        (alices,) = await add_titles(repository, alice, ["alice's"])
        (bobs,) = await add_titles(repository, bob, ["bob's"])

        for user, task in ((alice, alices), (bob, bobs)):
            page, feed = await look(repository, user)
            assert page.tasks == feed.changes == (task,)
            assert (page.revision, feed.next.revision) == (1, 1)
            assert await repository.get(user, 1) == task
            assert await repository.revisions([user]) == {user: 1}

    @pytest.mark.parametrize("call", ON_TASK_2.values(), ids=ON_TASK_2)
    async def test_a_foreign_task_is_a_missing_task(self, repository: Store, call: Call) -> None:
        """It can't be told from one that does not exist, and it stays as it is."""
        alice, mallory = someone(), someone()
        await add_titles(repository, alice, ["one", "two"])
        await add_titles(repository, mallory, ["one"])
        before = await look(repository, alice), await look(repository, mallory)

        with pytest.raises(TodoError) as error:
            await call(repository, mallory)

        cause = error.value.cause if isinstance(error.value, BatchFailed) else error.value
        assert isinstance(cause, TaskNotFound)
        assert (await look(repository, alice), await look(repository, mallory)) == before

    async def test_writing_to_a_list_leaves_other_lists_alone(self, repository: Store) -> None:
        """Neither tasks nor the revision of another list move."""
        alice, bob = someone(), someone()
        await add_titles(repository, alice, "abc")
        await add_titles(repository, bob, "abc")
        before = await look(repository, alice)

        await repository.change(bob, 1, retitle("changed"))
        await repository.remove(bob, 2, at=NOON)
        operations = (Patch(1, TaskPatch(complete=True)), Remove(3), Create(TaskDraft(title="d")))
        await repository.apply(bob, Batch(operations), at=NOON)

        assert await look(repository, alice) == before
