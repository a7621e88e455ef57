"""Projects in the feed of readers that name them."""

from dataclasses import replace
from functools import partial

import pytest

from todo_adapters.contract.projects import EVERY_KIND, add_projects, do
from todo_adapters.contract.scenario import ALL, NOON, add_titles, new_user, noon_plus
from todo_adapters.contract.suite import Contract
from todo_domain import (
    TASKS,
    Create,
    CreateProject,
    CursorExpired,
    Deletion,
    Kind,
    Operation,
    PatchProject,
    ProjectDraft,
    ProjectPatch,
    RemoveProject,
    TaskDraft,
    TaskStore,
)
from todo_domain.project import MAX_PROJECT_DELETIONS


class ReportsProjects(Contract):
    """The feed has projects for readers that name them. A token continues only a read of the same kinds."""

    async def test_only_a_reader_that_names_projects_gets_them(self, repository: TaskStore) -> None:
        user = new_user()
        (task,) = await add_titles(repository, user, "a")
        (project,) = await add_projects(repository, user, "b")

        default = await repository.changes(user, None, ALL)
        both = await repository.changes(user, None, ALL, EVERY_KIND)
        projects = await repository.changes(user, None, ALL, frozenset({Kind.PROJECT}))

        assert (default.changes, default.next.revision) == ((task,), 2)
        assert (both.changes, both.next.revision) == ((task, project), 2)
        assert (projects.changes, projects.next.revision) == ((project,), 2)

    async def test_pages_of_several_kinds_are_in_order_of_revision_and_complete(self, repository: TaskStore) -> None:
        user = new_user()
        new: list[Operation] = [Create(TaskDraft(title="a")), CreateProject(ProjectDraft(name="b"))]
        await do(repository, user, *new * 3)
        await do(repository, user, RemoveProject(2), PatchProject(1, ProjectPatch(name="c")))

        page = await repository.changes(user, None, 2, EVERY_KIND)
        found = list(page.changes)
        while page.has_more:
            page = await repository.changes(user, page.next, 2, EVERY_KIND)
            found += page.changes

        # The reader never saw the project that was removed before it began.
        assert [change.revision for change in found if not isinstance(change, Deletion)] == [1, 3, 5, 6, 8]
        assert found == sorted(found, key=lambda change: change.revision)

    async def test_a_removed_project_is_a_deletion_of_its_kind(self, repository: TaskStore) -> None:
        user = new_user()
        await add_titles(repository, user, "a")
        await add_projects(repository, user, "b")
        seen = (await repository.changes(user, None, ALL, EVERY_KIND)).next

        await do(repository, user, RemoveProject(1))

        page = await repository.changes(user, seen, ALL, EVERY_KIND)
        assert page.changes == (Deletion(1, 3, Kind.PROJECT),)

    async def test_a_token_for_other_kinds_is_expired(self, repository: TaskStore) -> None:
        user = new_user()
        await add_projects(repository, user, "a")
        of_tasks = (await repository.changes(user, None, ALL)).next

        with pytest.raises(CursorExpired):
            await repository.changes(user, of_tasks, ALL, EVERY_KIND)

        of_all = (await repository.changes(user, None, ALL, EVERY_KIND)).next
        with pytest.raises(CursorExpired):
            await repository.changes(user, of_all, ALL, TASKS)

    async def test_a_purged_deletion_of_a_project_expires_earlier_tokens(self, repository: TaskStore) -> None:
        user = new_user()
        await add_projects(repository, user, "ab")
        before = (await repository.changes(user, None, ALL, EVERY_KIND)).next
        await do(repository, user, RemoveProject(1))
        after = (await repository.changes(user, before, ALL, EVERY_KIND)).next

        purge = partial(repository.purge, trash_before=NOON, deletions_before=noon_plus(1), keys_before=NOON, limit=ALL)
        planned, purged = await purge(dry_run=True), await purge()

        assert 1 <= planned == purged
        with pytest.raises(CursorExpired):
            await repository.changes(user, before, ALL, EVERY_KIND)
        assert (await repository.changes(user, after, ALL, EVERY_KIND)).changes == ()

    async def test_a_thousand_deletions_of_projects_are_remembered(self, repository: TaskStore) -> None:
        user = new_user()
        batches = MAX_PROJECT_DELETIONS // 50
        for batch in range(batches + 1):
            ids = range(50 * batch + 1, 50 * batch + 51)
            new = [CreateProject(ProjectDraft(name="a"))] * 50
            await do(repository, user, *new, *map(RemoveProject, ids))

        latest = (await repository.changes(user, None, ALL)).next

        # Each batch adds 50 projects at the first 50 of its revisions and removes them at the last 50.
        with pytest.raises(CursorExpired):
            await repository.changes(user, replace(latest, revision=99), ALL)
        assert (await repository.changes(user, replace(latest, revision=100), ALL)).next == latest
