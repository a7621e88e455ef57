"""Snapshots: everything of a user at one moment, while others write."""

import asyncio
from collections.abc import Sequence

from todo_adapters.contract.field_values import EVERY_FIELD
from todo_adapters.contract.projects import add_projects, do
from todo_adapters.contract.scenario import NOON, WRITERS, add_titles, new_user, noon_plus, set_title
from todo_adapters.contract.suite import Contract
from todo_domain import (
    Batch,
    Content,
    Create,
    Erase,
    Patch,
    PatchProject,
    Project,
    ProjectPatch,
    Remove,
    RemoveProject,
    Task,
    TaskDraft,
    TaskPatch,
    TaskRepository,
    TaskStore,
    TrashedProject,
    TrashedTask,
    UserId,
)
from todo_domain.ports import MAX_MANY

_MANY = 2 * MAX_MANY + 1


async def take(repository: TaskRepository, user_id: UserId) -> tuple[int, int, Sequence[Content]]:
    """Take a snapshot, and return its revision, the size of the trash and the content."""
    async with repository.snapshot(user_id) as snapshot:
        chunks = [chunk async for chunk in snapshot.chunks]
    assert max(map(len, chunks), default=0) <= MAX_MANY
    content = [each for chunk in chunks for each in chunk]
    assert snapshot.count == len(content)
    return snapshot.revision, snapshot.trash_count, content


class TakesSnapshots(Contract):
    """A snapshot has everything with content, at one revision. No write waits for it."""

    async def test_a_snapshot_has_the_projects_and_then_the_tasks_in_order_of_id(self, repository: TaskStore) -> None:
        user, other = new_user(), new_user()
        await add_projects(repository, other, "x")
        await add_titles(repository, other, "x")
        await add_projects(repository, user, "abcd")
        await do(repository, user, *(Create(TaskDraft(title=title, project_id=2)) for title in "ef"))
        first = (await repository.add(user, EVERY_FIELD, at=NOON)).task
        await do(repository, user, Patch(1, TaskPatch(complete=True)), PatchProject(4, ProjectPatch(archived=True)))
        await repository.remove(user, first.id, at=noon_plus(1))
        await repository.apply(user, Batch((RemoveProject(2), RemoveProject(3, permanent=True))), at=noon_plus(2))
        await add_titles(repository, user, "ghi")
        await do(repository, user, Remove(4), Erase(4), Remove(5, permanent=True))

        revision, trash_count, content = await take(repository, user)

        projects = {each.id: each for each in (await repository.list_projects(user)).projects}
        assert [type(each) for each in content] == [Project, TrashedProject, Project, *[TrashedTask] * 3, Task]
        assert [each.id for each in content] == [1, 2, 4, 1, 2, 3, 6]
        assert [content[0], content[2]] == [projects[1], projects[4]]
        assert content[1].deleted_at == noon_plus(2)  # type: ignore[union-attr]
        assert [(each.task.project_id, each.deleted_with) for each in content[3:5]] == [(2, 2)] * 2  # type: ignore[union-attr]
        assert content[5] == TrashedTask(first._replace(revision=content[5].revision), noon_plus(1))
        assert content[6] == await repository.get(user, 6)
        assert trash_count == 4
        assert (await repository.revisions([user]))[user] == revision

    async def test_a_snapshot_of_a_list_that_does_not_exist_is_empty(self, repository: TaskStore) -> None:
        assert await take(repository, new_user()) == (0, 0, [])

    async def test_a_snapshot_has_every_task_of_a_long_list_once(self, repository: TaskStore) -> None:
        user = new_user()
        titles = [f"{number}" for number in range(_MANY)]
        for start in range(0, _MANY, 100):
            await do(repository, user, *(Create(TaskDraft(title=title)) for title in titles[start : start + 100]))

        revision, _, content = await take(repository, user)

        assert [each.id for each in content] == list(range(1, _MANY + 1))
        assert revision == _MANY

    async def test_writes_after_a_snapshot_was_taken_neither_wait_for_it_nor_change_it(
        self, repository: TaskStore
    ) -> None:
        user, other = new_user(), new_user()
        tasks = await add_titles(repository, user, "abc")

        async with repository.snapshot(user) as snapshot, repository.snapshot(other) as empty:
            await repository.change(user, 1, set_title("changed"))
            await repository.remove(user, 2, at=NOON, permanent=True)
            await add_titles(repository, user, "d")
            await add_titles(repository, other, "x")
            chunks = [chunk async for chunk in snapshot.chunks]
            others = [chunk async for chunk in empty.chunks]

        assert (snapshot.revision, chunks) == (3, [tasks])
        assert (empty.revision, others) == (0, [])

    async def test_a_snapshot_that_is_not_read_leaves_nothing_behind(self, repository: TaskStore) -> None:
        user = new_user()
        (task,) = await add_titles(repository, user, "a")

        for _ in range(WRITERS):
            async with repository.snapshot(user):
                pass

        assert await take(repository, user) == (1, 0, [task])

    async def test_a_snapshot_among_writers_shows_one_moment(self, repository: TaskStore) -> None:
        """Each batch gives two tasks the same title, so a snapshot that saw a part of it has two titles."""
        user = new_user()
        await add_titles(repository, user, map(str, range(_MANY)))

        async def rename(title: str) -> None:
            await do(repository, user, *(Patch(task_id, TaskPatch(title=title)) for task_id in (1, _MANY)))

        writing = asyncio.gather(*(rename(f"{number}") for number in range(WRITERS)))
        taken = [await take(repository, user) for _ in range(4)]
        await writing

        for revision, _, content in [*taken, await take(repository, user)]:
            first, *_, last = content
            assert isinstance(first, Task)
            assert isinstance(last, Task)
            assert first.title == last.title or revision == _MANY
            assert revision == max(each.revision for each in content)
