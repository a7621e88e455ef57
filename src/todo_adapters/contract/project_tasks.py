"""Tasks in projects: what can be put into a project, and which tasks follow it into the trash and back."""

from dataclasses import replace

from todo_adapters.contract.field_values import EVERY_FIELD
from todo_adapters.contract.projects import EVERY_KIND, add_projects, do
from todo_adapters.contract.quotas import OPEN
from todo_adapters.contract.scenario import ALL, NOON, ids_of, new_user, noon_plus, set_title
from todo_adapters.contract.suite import Contract
from todo_adapters.contract.trash import cause_of, trash_of
from todo_domain import (
    Batch,
    Create,
    Deletion,
    Erase,
    Kind,
    Move,
    Operation,
    Outcome,
    Patch,
    PatchProject,
    ProjectNotFound,
    ProjectPatch,
    Remove,
    RemoveProject,
    Restore,
    RestoreProject,
    RuleViolated,
    SortKey,
    TaskDraft,
    TaskPatch,
    TaskQuery,
    TaskRepository,
    TaskStore,
    TrashedProject,
    TrashedTask,
    UserId,
)

ARCHIVE = ProjectPatch(archived=True)


def into(*project_ids: int | None, move: Move | None = None) -> list[Operation]:
    """Return operations that add an open task to each of these projects."""
    return [Create(TaskDraft(title="open", project_id=each), move) for each in project_ids]


def put(task_id: int, project_id: int | None) -> Patch:
    """Return the operation that puts a task into a project."""
    return Patch(task_id, TaskPatch(project_id=project_id))


async def projects_of_tasks(repository: TaskRepository, user_id: UserId) -> dict[int, int | None]:
    """Return the project of each task by the id of the task."""
    return {task.id: task.project_id for task in (await repository.list(user_id, TaskQuery())).tasks}


class PutsTasksIntoProjects(Contract):
    """A task can be put into a project that exists and is not archived. It stays there until it is moved out."""

    async def test_a_task_is_put_into_a_project_and_moved_out_again(self, repository: TaskStore) -> None:
        user = new_user()
        await add_projects(repository, user, "ab")

        await do(repository, user, *into(1, None, 1), put(2, 2), put(1, 2))
        first = await projects_of_tasks(repository, user)
        await do(repository, user, put(1, None))
        await repository.change(user, 2, lambda task: task.patched(TaskPatch(project_id=None), NOON))

        assert first == {1: 2, 2: 2, 3: 1}
        assert await projects_of_tasks(repository, user) == {1: None, 2: None, 3: 1}

    async def test_a_task_is_not_put_into_a_project_that_is_missing_removed_or_archived(
        self, repository: TaskStore
    ) -> None:
        user, other = new_user(), new_user()
        await add_projects(repository, other, "abcd")
        await add_projects(repository, user, "abc")
        await do(repository, user, PatchProject(2, ARCHIVE), RemoveProject(3), *into(1))

        for project_id, code in ((2, "archived_project"), (3, "unknown_project"), (4, "unknown_project")):
            for operation in (*into(project_id), put(1, project_id)):
                cause = await cause_of(repository, user, Create(OPEN), operation)

                assert isinstance(cause, RuleViolated)
                assert [(each.field, each.code) for each in cause.violations] == [(("project_id",), code)]

    async def test_a_batch_that_removes_or_archives_a_project_puts_no_task_into_it(self, repository: TaskStore) -> None:
        user = new_user()
        await add_projects(repository, user, "a")

        for change in (RemoveProject(1), PatchProject(1, ARCHIVE)):
            assert isinstance(await cause_of(repository, user, change, *into(1)), RuleViolated)

    async def test_a_task_in_an_archived_project_can_be_changed_sent_back_and_moved_out(
        self, repository: TaskStore
    ) -> None:
        user = new_user()
        await add_projects(repository, user, "a")
        await do(repository, user, *into(1, 1), PatchProject(1, ARCHIVE))

        await repository.change(user, 1, set_title("a"))
        await do(repository, user, Patch(1, TaskPatch(title="b", project_id=1)), put(2, None))

        page = await repository.list(user, TaskQuery())
        assert [(task.title, task.project_id) for task in page.tasks] == [("b", 1), ("open", None)]
        assert isinstance(await cause_of(repository, user, put(2, 1)), RuleViolated)

    async def test_the_filter_for_a_project_finds_exactly_its_tasks_on_pages_too(self, repository: TaskStore) -> None:
        user = new_user()
        await add_projects(repository, user, "abc")
        await do(repository, user, *into(1, None, 2, 1, 3, None, 1), Patch(4, TaskPatch(complete=True)))
        await do(repository, user, RemoveProject(3))

        async def pages_of(query: TaskQuery) -> list[list[int]]:
            page = await repository.list(user, query)
            ids = [[task.id for task in page.tasks]]
            return ids + (await pages_of(replace(query, cursor=page.next_cursor)) if page.next_cursor else [])

        for project, complete, ids in (
            (1, None, [1, 4, 7]),
            (1, False, [1, 7]),
            (None, None, [2, 6]),
            (2, None, [3]),
            (3, None, []),
            (9, None, []),
        ):
            query = TaskQuery(project=project, complete=complete)
            assert await ids_of(repository, user, query) == ids
            assert list((await repository.list_ids(user, query)).ids) == ids
            assert await pages_of(replace(query, limit=1)) == ([[each] for each in ids] or [[]])


class TrashesProjects(Contract):
    """A removed project takes its tasks with it, and brings the same ones back when it is restored."""

    async def test_a_removal_puts_exactly_the_tasks_in_the_project_into_the_trash(self, repository: TaskStore) -> None:
        user, other = new_user(), new_user()
        for each in (user, other):
            await add_projects(repository, each, "ab")
            await do(repository, each, Create(replace(EVERY_FIELD, project_id=1)), *into(None, 2, 1, 1), Remove(4))
        feed = await repository.changes(user, None, ALL, EVERY_KIND)
        before = {task.id: task for task in (await repository.list(user, TaskQuery())).tasks}
        (project, _) = (await repository.list_projects(user)).projects

        result = await repository.apply(user, Batch((RemoveProject(1),)), at=noon_plus(1))

        revision = feed.next.revision
        gone = [
            TrashedTask(before[task_id]._replace(revision=revision + number), noon_plus(1), deleted_with=1)
            for number, task_id in enumerate((1, 5), start=1)
        ]
        trashed = TrashedProject(project._replace(revision=revision + 3), noon_plus(1))
        page = await trash_of(repository, user)
        assert (result.outcomes, result.bulk_count) == ((Outcome(1, revision + 3),), 2)
        assert (page.tasks[:2], page.projects, page.count) == (tuple(gone[::-1]), (trashed,), 4)
        assert [(each.id, each.deleted_with) for each in page.tasks[2:]] == [(4, None)]
        assert await projects_of_tasks(repository, user) == {2: None, 3: 2}
        assert (await repository.changes(user, feed.next, ALL, EVERY_KIND)).changes == (
            Deletion(1, revision + 1),
            Deletion(5, revision + 2),
            Deletion(1, revision + 3, Kind.PROJECT),
        )
        assert await projects_of_tasks(repository, other) == {1: 1, 2: None, 3: 2, 5: 1}

    async def test_restoring_a_project_brings_back_exactly_what_its_removal_removed(
        self, repository: TaskStore
    ) -> None:
        """Not a task that was removed before, nor one that was restored or erased alone since."""
        user = new_user()
        (project,) = await add_projects(repository, user, "a")
        await do(repository, user, *into(1, 1, 1, 1, 1), Remove(1))
        before = {task.id: task for task in (await repository.list(user, TaskQuery())).tasks}
        await do(repository, user, RemoveProject(1))
        await do(repository, user, Restore(2), Erase(3))
        seen = await repository.changes(user, None, ALL, EVERY_KIND)

        result = await repository.apply(user, Batch((RestoreProject(1),)), at=noon_plus(1))

        revision = seen.next.revision
        restored = project._replace(revision=revision + 1, updated_at=noon_plus(1))
        back = tuple(
            before[task_id]._replace(revision=revision + number, updated_at=noon_plus(1))
            for number, task_id in enumerate((4, 5), start=2)
        )
        page = await trash_of(repository, user)
        assert (result.outcomes, result.bulk_count) == ((Outcome(1, revision + 1),), 2)
        assert (result.projects[1], await repository.get_project(user, 1)) == (restored, restored)
        assert (await repository.changes(user, seen.next, ALL, EVERY_KIND)).changes == (restored, *back)
        assert await projects_of_tasks(repository, user) == {2: None, 4: 1, 5: 1}
        assert ([each.id for each in page.tasks], page.projects, page.count) == ([1], (), 1)
        await do(repository, user, Restore(1))
        assert (await repository.get(user, 1)).project_id == 1

    async def test_a_task_whose_place_was_taken_is_restored_to_a_place_of_its_own(self, repository: TaskStore) -> None:
        user, after_the_first = new_user(), Move(after=1)
        await add_projects(repository, user, "a")
        await do(repository, user, *into(None, None), *into(1, 1, move=after_the_first))
        order = TaskQuery(sort=SortKey.POSITION)
        before = [task.id for task in (await repository.list(user, order)).tasks]
        await do(repository, user, RemoveProject(1))
        await do(repository, user, *into(None, None, move=after_the_first))

        await do(repository, user, RestoreProject(1))

        tasks = (await repository.list(user, order)).tasks
        assert len({task.position for task in tasks}) == len(tasks) == 6
        assert [task.id for task in tasks if task.id <= 4] == before
        assert {task.id: task.project_id for task in tasks if task.project_id} == {3: 1, 4: 1}

    async def test_a_task_that_is_restored_without_its_project_has_none(self, repository: TaskStore) -> None:
        user = new_user()
        await add_projects(repository, user, "ab")
        await do(repository, user, *into(1, 2, 2), Remove(2), RemoveProject(1), RemoveProject(2, permanent=True))

        await do(repository, user, Restore(1), Restore(2))

        assert await projects_of_tasks(repository, user) == {1: None, 2: None}

    async def test_a_batch_removes_and_restores_a_project_as_its_other_operations_left_it(
        self, repository: TaskStore
    ) -> None:
        user = new_user()
        await add_projects(repository, user, "ab")
        await do(repository, user, *into(1, 1, 2))

        removed: list[Operation] = [put(1, None), *into(1), put(3, 1), RemoveProject(1)]
        again: list[Operation] = [RestoreProject(1), Remove(2), RemoveProject(1), RestoreProject(1), put(4, 2)]
        await do(repository, user, *removed, *again)

        page = await trash_of(repository, user)
        assert await projects_of_tasks(repository, user) == {1: None, 3: 1, 4: 2}
        assert [(each.id, each.deleted_with) for each in page.tasks] == [(2, None)]
        feed = await repository.changes(user, None, ALL, EVERY_KIND)
        assert len({change.revision for change in feed.changes}) == len(feed.changes) == 6

    async def test_a_project_that_is_not_in_the_trash_is_not_found_there(self, repository: TaskStore) -> None:
        user, other = new_user(), new_user()
        for each in (user, other):
            await add_projects(repository, each, "abc")
        await do(repository, user, RemoveProject(2, permanent=True))
        await do(repository, other, RemoveProject(1), RemoveProject(2), RemoveProject(3))

        for project_id in (1, 2, 3, 4):
            assert isinstance(await cause_of(repository, user, RestoreProject(project_id)), ProjectNotFound)
