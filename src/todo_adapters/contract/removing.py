"""Removal: the task is gone, its id is never used again, and the feed has the deletion."""

import pytest

from todo_adapters.contract.scenario import (
    ALL,
    NOON,
    add_titles,
    ids_of,
    new_user,
    noon_plus,
    read_everything,
    set_title,
)
from todo_adapters.contract.suite import Contract
from todo_domain import Batch, Deletion, Patch, Remove, Task, TaskDraft, TaskNotFound, TaskPatch, TaskQuery, TaskStore


class RemovesTasks(Contract):
    """No call finds a removed task. Its id and the revision of its deletion are kept."""

    async def test_a_removed_task_is_gone_and_the_feed_has_its_deletion(self, repository: TaskStore) -> None:
        user = new_user()
        _, second = await add_titles(repository, user, ["secret", "b"])

        await repository.remove(user, 1, at=noon_plus(1))

        page, feed = await read_everything(repository, user)
        assert page.tasks == (second,)
        assert feed.changes == (second, Deletion(1, 3))
        assert page.revision == feed.next.revision == 3
        assert await ids_of(repository, user, TaskQuery(q="secret")) == []

    async def test_no_call_finds_a_removed_task(self, repository: TaskStore) -> None:
        user = new_user()
        await add_titles(repository, user, "a")
        await repository.remove(user, 1, at=NOON)
        before = await read_everything(repository, user)

        with pytest.raises(TaskNotFound):
            await repository.get(user, 1)
        with pytest.raises(TaskNotFound):
            await repository.change(user, 1, set_title("b"))
        with pytest.raises(TaskNotFound):
            await repository.remove(user, 1, at=NOON, guard=lambda _: None)

        assert await read_everything(repository, user) == before

    async def test_an_id_is_never_used_twice(self, repository: TaskStore) -> None:
        user = new_user()
        await add_titles(repository, user, "ab")

        await repository.remove(user, 2, at=NOON)
        third = await repository.add(user, TaskDraft(title="c"), at=NOON)
        await repository.apply(user, Batch((Remove(1), Remove(3))), at=NOON)
        fourth = await repository.add(user, TaskDraft(title="d"), at=NOON)

        assert (third.task.id, third.task.revision) == (3, 4)
        assert (fourth.task.id, fourth.task.revision) == (4, 7)

    async def test_a_guard_that_raises_keeps_the_task_and_its_error_is_raised(self, repository: TaskStore) -> None:
        user = new_user()
        (task,) = await add_titles(repository, user, "a")
        before = await read_everything(repository, user)
        error = LookupError("no")
        guarded: list[Task] = []

        def refuse(task: Task) -> None:
            guarded.append(task)
            raise error

        with pytest.raises(LookupError) as raised:
            await repository.remove(user, 1, at=NOON, guard=refuse)

        assert raised.value is error
        assert set(guarded) == {task}
        assert await read_everything(repository, user) == before

    async def test_a_batch_removes_a_task_as_remove_does(self, repository: TaskStore) -> None:
        user = new_user()
        await add_titles(repository, user, ["secret"])

        await repository.apply(user, Batch((Patch(1, TaskPatch(title="Secret")), Remove(1))), at=NOON)

        assert (await repository.list(user, TaskQuery())).tasks == ()
        assert (await repository.changes(user, None, ALL)).changes == (Deletion(1, 3),)
