"""What the trash keeps of projects: until when, how much of it, and what counts."""

from datetime import datetime
from functools import partial

from todo_adapters.contract.project_tasks import into, projects_of_tasks
from todo_adapters.contract.projects import EVERY_KIND, add_projects, do
from todo_adapters.contract.quotas import OPEN
from todo_adapters.contract.scenario import ALL, NOON, YEARS_AGO, new_user, noon_plus
from todo_adapters.contract.suite import Contract, MakeRepository
from todo_adapters.contract.trash import cause_of, trash_of
from todo_domain import (
    NO_QUOTAS,
    Batch,
    Create,
    CreateProject,
    Erase,
    Patch,
    ProjectDraft,
    ProjectNotFound,
    QuotaExceeded,
    Quotas,
    Remove,
    RemoveProject,
    Restore,
    RestoreProject,
    TaskNotFound,
    TaskPatch,
    TaskStore,
    TrashedProject,
    TrashedTask,
    TrashPage,
    TrashQuery,
)
from todo_domain.project import MAX_PROJECTS


class ErasesProjects(Contract):
    """Erasing a project erases its content and that of its tasks. The deletions stay, and nothing can be restored."""

    async def test_a_permanent_removal_keeps_nothing_of_a_project_and_its_tasks(self, repository: TaskStore) -> None:
        user = new_user()
        await add_projects(repository, user, "a")
        await do(repository, user, *into(1, 1), RemoveProject(1, permanent=True))

        feed = await repository.changes(user, None, ALL, EVERY_KIND)
        assert await trash_of(repository, user) == TrashPage((), (), None, 6, 0)
        assert [(change.id, change.revision) for change in feed.changes] == [(1, 4), (2, 5), (1, 6)]
        for operation, kind in ((RestoreProject(1), ProjectNotFound), (Restore(1), TaskNotFound)):
            assert isinstance(await cause_of(repository, user, operation), kind)

    async def test_emptying_the_trash_erases_projects_and_changes_no_feed(self, repository: TaskStore) -> None:
        user = new_user()
        await add_projects(repository, user, "ab")
        await do(repository, user, *into(1, 2), RemoveProject(1))
        seen = (await trash_of(repository, user)).revision
        before = await repository.changes(user, None, ALL, EVERY_KIND)
        await do(repository, user, RemoveProject(2))
        (kept, _) = (await trash_of(repository, user)).projects

        erased = await repository.erase_oldest(user, up_to=seen, limit=ALL)

        page = await trash_of(repository, user)
        assert erased == 2
        assert ([each.id for each in page.tasks], page.projects, page.count) == ([2], (kept,), 2)
        assert (await repository.changes(user, None, ALL, EVERY_KIND)).changes[:2] == before.changes[2:]
        assert isinstance(await cause_of(repository, user, RestoreProject(1)), ProjectNotFound)

    async def test_a_purge_erases_the_content_of_a_project_first_and_its_deletion_later(
        self, repository: TaskStore
    ) -> None:
        user, times = new_user(), [YEARS_AGO.replace(hour=hour) for hour in (9, 10, 11)]
        await repository.purge(trash_before=NOON, deletions_before=YEARS_AGO, keys_before=YEARS_AGO, limit=10**6)
        await add_projects(repository, user, "abc")
        for project_id, at in enumerate(times, start=1):
            await repository.apply(user, Batch((RemoveProject(project_id),)), at=at)
        before = await repository.changes(user, None, ALL, EVERY_KIND)

        async def purge(trash_before: datetime, deletions_before: datetime) -> list[int]:
            run = partial(repository.purge, trash_before=trash_before, deletions_before=deletions_before)
            return [await run(keys_before=YEARS_AGO, limit=ALL, dry_run=dry_run) for dry_run in (True, False, False)]

        erased = await purge(times[2], times[0])
        kept = await trash_of(repository, user)
        after = await repository.changes(user, None, ALL, EVERY_KIND)
        forgotten = await purge(times[2], times[1])

        assert (erased, forgotten) == ([2, 2, 0], [1, 1, 0])
        assert ([each.id for each in kept.projects], kept.count) == ([3], 1)
        assert after == before
        assert [each.id for each in (await repository.changes(user, None, ALL, EVERY_KIND)).changes] == [2, 3]

    async def test_pages_of_the_trash_have_tasks_and_projects_in_one_order(self, repository: TaskStore) -> None:
        user = new_user()
        await add_projects(repository, user, "ab")
        await do(repository, user, *into(1, None, 2), RemoveProject(1), Remove(2), RemoveProject(2))

        query, pages = TrashQuery(limit=2), list[list[tuple[int, int]]]()
        while True:
            page = await repository.list_trash(user, query)
            found: list[TrashedTask | TrashedProject] = [*page.projects, *page.tasks]
            pages.append([(each.revision, each.id) for each in found])
            assert page.count == 5
            if page.next_cursor is None:
                break
            query = TrashQuery(limit=2, cursor=page.next_cursor)

        # Projects 1 and 2 have revisions 7 and 10, their tasks the ones before.
        assert [sorted(each, reverse=True) for each in pages] == [[(10, 2), (9, 3)], [(8, 2), (7, 1)], [(6, 1)]]


class CountsTasksOfProjects(Contract):
    """Quotas count what the removal or restoration of a project removes or restores."""

    async def test_the_tasks_of_a_restored_project_count_against_the_quotas(
        self, make_repository: MakeRepository
    ) -> None:
        user = new_user()
        async with make_repository(Quotas(max_open_tasks=4, max_tasks=5)) as repository:
            await add_projects(repository, user, "a")
            await do(repository, user, *into(1, 1, 1), Patch(1, TaskPatch(complete=True)), RemoveProject(1))
            await do(repository, user, *[Create(OPEN)] * 3)

            for counted in ("open tasks", "tasks"):
                refused = await cause_of(repository, user, RestoreProject(1), kind=QuotaExceeded)
                assert isinstance(refused, QuotaExceeded)
                assert refused.counted == counted
                await do(repository, user, Patch(4, TaskPatch(complete=True)))
            await do(repository, user, Remove(4), RestoreProject(1))

            assert await projects_of_tasks(repository, user) == {1: 1, 2: 1, 3: 1, 5: None, 6: None}
            await cause_of(repository, user, Create(OPEN), kind=QuotaExceeded)

    async def test_restored_projects_count_against_the_bound_of_projects(self, make_repository: MakeRepository) -> None:
        user, draft = new_user(), ProjectDraft(name="a")
        async with make_repository(NO_QUOTAS) as repository:
            for _ in range(2):
                await do(repository, user, *[CreateProject(draft)] * (MAX_PROJECTS // 2))
            await do(repository, user, RemoveProject(1), CreateProject(draft))

            refused = await cause_of(repository, user, RestoreProject(1), kind=QuotaExceeded)
            await do(repository, user, RemoveProject(2), RestoreProject(1))

            assert isinstance(refused, QuotaExceeded)
            assert len((await repository.list_projects(user)).projects) == MAX_PROJECTS

    async def test_the_oldest_tasks_of_a_removed_project_are_erased_if_the_trash_is_full(
        self, make_repository: MakeRepository
    ) -> None:
        user = new_user()
        async with make_repository(Quotas(max_trash=2)) as repository:
            await add_projects(repository, user, "a")
            await do(repository, user, *into(1, 1, 1, 1), RemoveProject(1))
            kept = [each.id for each in (await trash_of(repository, user)).tasks]
            await do(repository, user, Erase(4), RestoreProject(1))

            assert kept == [4, 3]
            assert await projects_of_tasks(repository, user) == {3: 1}
            assert (await trash_of(repository, user)).count == 0

    async def test_restored_tasks_of_a_project_are_no_longer_deletions(self, make_repository: MakeRepository) -> None:
        user = new_user()
        async with make_repository(Quotas(max_deletions=3)) as repository:
            await add_projects(repository, user, "a")
            await do(repository, user, *into(1, 1, 1, None, None))
            seen = (await repository.changes(user, None, ALL)).next
            for _ in range(3):
                await do(repository, user, RemoveProject(1))
                await repository.apply(user, Batch((RestoreProject(1),)), at=noon_plus(1))

            await do(repository, user, Remove(4), Remove(5))

            changes = (await repository.changes(user, seen, ALL)).changes
            assert sorted(change.id for change in changes) == [1, 2, 3, 4, 5]
