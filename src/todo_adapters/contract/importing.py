"""The promises about imports: each item is added with its values, its times and its project."""

from dataclasses import replace
from typing import Final

import pytest

from todo_adapters.contract.field_values import DAY
from todo_adapters.contract.projects import EVERY_KIND, do
from todo_adapters.contract.scenario import ALL, NOON, add_titles, new_user, noon_plus, read_everything
from todo_adapters.contract.suite import Contract, MakeRepository
from todo_adapters.contract.trash import trash_of
from todo_domain import (
    ChecklistItem,
    CreateProject,
    Due,
    ImportBatch,
    ImportCounts,
    ImportedItem,
    ImportedProject,
    ImportedTask,
    Origin,
    Priority,
    ProjectDraft,
    QuotaExceeded,
    Quotas,
    RecurrenceDraft,
    Task,
    TaskDraft,
    TaskQuery,
    TaskStore,
    UserId,
    origin_key,
)

EARLIER: Final = noon_plus(-3600)
HOME: Final = Origin(origin_key("test", "home"))
FULL: Final = TaskDraft(
    title="Ä 😀",
    description="d\te",
    priority=Priority.HIGH,
    due=Due(DAY),
    recurrence=RecurrenceDraft("FREQ=DAILY;INTERVAL=3"),
    tags=("t", "ß"),
    checklist=(ChecklistItem("c", complete=True), ChecklistItem("d")),
)


def task(name: str, **values: object) -> ImportedTask:
    """Return a task to import, named by its title."""
    draft = TaskDraft(title=name, complete="completed_at" in values)
    return replace(ImportedTask(origin=Origin(origin_key("test", name)), draft=draft), **values)  # type: ignore[arg-type]


def project(in_trash: bool = False) -> ImportedProject:  # noqa: FBT001, FBT002 - read at its calls
    """Return a project to import."""
    return ImportedProject(origin=HOME, draft=ProjectDraft(name="Home"), created_at=EARLIER, in_trash=in_trash)


async def add_all(store: TaskStore, user_id: UserId, *items: ImportedItem) -> int:
    """Import items; return how many were added."""
    return len((await store.add_imported(user_id, ImportBatch(items), at=NOON)).outcomes)


class AddsImportedItems(Contract):
    """An import adds items as they were elsewhere, or adds nothing."""

    async def test_an_imported_task_has_its_values_and_its_times(self, repository: TaskStore) -> None:
        user = new_user()
        await add_titles(repository, user, "a")
        done = task("done", created_at=EARLIER, completed_at=noon_plus(-60), updated_at=noon_plus(-30))
        anchor = DAY.replace(year=DAY.year - 1)
        full = replace(task("full"), draft=FULL, created_at=EARLIER, anchor=anchor)

        result = await repository.add_imported(user, ImportBatch((full, done)), at=NOON)

        expected = [
            full.task(user_id=user, id=2, revision=2, at=NOON, project_id=None),
            done.task(user_id=user, id=3, revision=3, at=NOON, project_id=None),
        ]
        assert [(done.id, done.revision) for done in result.outcomes] == [(2, 2), (3, 3)]
        assert await repository.get_many(user, [2, 3]) == expected
        assert [each.created_at for each in expected] == [EARLIER, EARLIER]
        assert expected[0].recurrence and expected[0].recurrence.anchor == anchor  # noqa: PT018 - for the type checker
        assert expected[1].completed_at == noon_plus(-60)

    async def test_a_task_finds_its_project_also_in_an_earlier_batch(self, repository: TaskStore) -> None:
        user = new_user()
        await add_all(repository, user, project(), task("a", project=HOME))
        await add_all(repository, user, project(), task("b", project=HOME), task("c"))

        (home,) = (await repository.list_projects(user)).projects
        found = (await repository.list(user, TaskQuery())).tasks
        assert (home.name, home.created_at) == ("Home", EARLIER)
        assert [each.project_id for each in found] == [home.id, home.id, None]

    async def test_a_project_that_is_named_only_is_the_one_of_that_name(self, repository: TaskStore) -> None:
        user, named = new_user(), replace(project(), by_name=True)
        await do(repository, user, CreateProject(ProjectDraft(name="Home")))

        added = [await add_all(repository, user, named), await add_all(repository, user, task("a", project=HOME))]

        assert added == [0, 1]
        assert [each.project_id for each in (await repository.list(user, TaskQuery())).tasks] == [1]

    async def test_the_trash_is_imported_into_the_trash(self, repository: TaskStore) -> None:
        user = new_user()
        await add_all(repository, user, project(in_trash=True), task("a", project=HOME, in_trash=True))
        await add_all(repository, user, task("b", project=HOME))

        trash = await trash_of(repository, user)
        assert [(each.task.title, each.deleted_at, each.deleted_with) for each in trash.tasks] == [("a", NOON, 1)]
        assert [each.project.name for each in trash.projects] == ["Home"]
        (other,) = (await repository.list(user, TaskQuery())).tasks
        assert (other.title, other.project_id) == ("b", None)

    async def test_every_imported_item_is_a_change_of_the_feed(self, repository: TaskStore) -> None:
        user = new_user()
        await add_all(repository, user, project(), task("a", project=HOME), task("b"))

        page = await repository.changes(user, None, ALL, EVERY_KIND)

        assert [(change.revision, type(change).__name__) for change in page.changes] == [
            (1, "Project"), (2, "Task"), (3, "Task")
        ]  # fmt: skip
        assert (await repository.revisions([user]))[user] == 3

    async def test_a_dry_run_counts_and_changes_nothing(self, repository: TaskStore) -> None:
        user = new_user()
        await add_all(repository, user, task("a"))
        before = await read_everything(repository, user)
        batch = ImportBatch((project(), task("a"), task("b"), task("c", completed_at=EARLIER)))

        dry = await repository.add_imported(user, batch, at=NOON, dry_run=True)

        assert ImportCounts.of(dry) == ImportCounts(1, 2, 1)
        assert await read_everything(repository, user) == before
        assert await repository.add_imported(user, batch, at=NOON) == dry

    async def test_an_import_beyond_a_quota_adds_nothing(self, make_repository: MakeRepository) -> None:
        user = new_user()
        async with make_repository(Quotas(max_open_tasks=3)) as repository:
            await add_all(repository, user, task("a"))
            before = await read_everything(repository, user)
            two, three = (task("b"), task("c")), (task("b"), task("c"), task("d"))

            with pytest.raises(QuotaExceeded):
                await add_all(repository, user, *three)
            batch = ImportBatch(two, ImportCounts(open_tasks=1, tasks=1))
            with pytest.raises(QuotaExceeded):
                await repository.add_imported(user, batch, at=NOON, dry_run=True)

            assert await read_everything(repository, user) == before
            # What was refused is not remembered.
            assert await add_all(repository, user, *two, task("e", completed_at=EARLIER)) == 3

    async def test_a_task_that_was_imported_is_a_task_like_others(self, repository: TaskStore) -> None:
        user = new_user()
        await add_all(repository, user, task("a", created_at=EARLIER))

        (added,) = (await repository.list(user, TaskQuery())).tasks
        (second,) = await add_titles(repository, user, "b")

        assert isinstance(added, Task)
        assert added.position < second.position
        assert (second.id, second.revision) == (2, 2)
