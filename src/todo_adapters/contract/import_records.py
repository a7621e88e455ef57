"""What a store remembers of imports: each item is added once, as long as its row is there."""

import asyncio
from dataclasses import replace

from todo_adapters.contract.erasures import erase
from todo_adapters.contract.importing import EARLIER, HOME, add_all, project, task
from todo_adapters.contract.scenario import NOON, WRITERS, YEARS_AGO, add_titles, new_user, noon_plus, read_everything
from todo_adapters.contract.suite import Contract, MakeRepository
from todo_domain import (
    NO_QUOTAS,
    ImportBatch,
    ImportedItem,
    Origin,
    OwnIds,
    TaskDraft,
    TaskQuery,
    TaskStore,
    UserId,
    origin_key,
)


async def _titles_of(store: TaskStore, user_id: UserId) -> list[str]:
    """Return the titles of a user's tasks in the order of their ids."""
    return [each.title for each in sorted((await store.list(user_id, TaskQuery())).tasks, key=lambda task: task.id)]


class RemembersImports(Contract):
    """An item that was added is not added again, until its row is deleted."""

    async def test_an_item_that_was_imported_before_is_not_changed(self, repository: TaskStore) -> None:
        user = new_user()
        items = (project(), task("a", project=HOME), task("b"))
        first = await add_all(repository, user, *items)
        await repository.remove(user, 2, at=NOON)
        before = await read_everything(repository, user)

        again = await add_all(repository, user, *items)
        changed = await add_all(repository, user, replace(items[1], draft=TaskDraft(title="A")), task("b"))

        assert (first, again, changed) == (3, 0, 0)
        assert await read_everything(repository, user) == before

    async def test_an_exported_task_of_the_same_list_is_not_added_again(self, repository: TaskStore) -> None:
        user = new_user()
        await add_titles(repository, user, "abc")
        await repository.remove(user, 2, at=NOON)
        await repository.remove(user, 3, at=NOON, permanent=True)
        exported = [
            replace(task(name), origin=Origin(origin_key("export", name), user, task_id, created_at))
            for task_id, name, created_at in (
                (1, "a", NOON),
                (1, "other a", EARLIER),
                (2, "b", NOON),
                (2, "other b", EARLIER),
                (3, "c", NOON),
            )
        ]

        added = await add_all(repository, user, *exported)

        # Another list had a task 1 and a task 2 too. The erased task is added from its export.
        assert added == 3
        assert await _titles_of(repository, user) == ["a", "other a", "other b", "c"]

    async def test_an_imported_item_is_not_taken_for_another_one_of_the_same_time(self, repository: TaskStore) -> None:
        user = new_user()
        await add_titles(repository, user, "x")

        def exported(item: ImportedItem, item_id: int) -> ImportedItem:
            origin = Origin(origin_key("export", type(item).__name__, str(item_id)), user, item_id, EARLIER)
            return replace(item, origin=origin, created_at=EARLIER)

        items = [exported(project(), number) for number in (1, 2)]
        items += [exported(task(f"{number}"), number) for number in (2, 3)]
        for item in items:
            batch = ImportBatch((item,), above=OwnIds.of(items, user, OwnIds()))
            await repository.add_imported(user, batch, at=NOON)

        assert await _titles_of(repository, user) == ["x", "2", "3"]
        assert [each.id for each in (await repository.list_projects(user)).projects] == [3, 4]
        assert (await add_titles(repository, user, "y"))[0].id == 6

    async def test_an_import_of_another_user_is_not_remembered(self, repository: TaskStore) -> None:
        alice, mallory = new_user(), new_user()

        assert await add_all(repository, alice, project(), task("a")) == 2
        assert await add_all(repository, mallory, project(), task("a")) == 2

    async def test_concurrent_imports_of_the_same_items_add_each_once(self, repository: TaskStore) -> None:
        user = new_user()
        items: list[ImportedItem] = [project(), *(task(name, project=HOME) for name in "abcdefgh")]

        added = await asyncio.gather(*(add_all(repository, user, *items) for _ in range(WRITERS)))

        assert sorted(added) == [0] * (WRITERS - 1) + [len(items)]
        assert await _titles_of(repository, user) == list("abcdefgh")

    async def test_an_imported_item_is_forgotten_with_its_deletion(self, repository: TaskStore) -> None:
        user, after = new_user(), YEARS_AGO.replace(hour=13)
        items: list[ImportedItem] = [project(in_trash=True), *(task(name, in_trash=True) for name in "ab")]
        for item in items:
            await repository.add_imported(user, ImportBatch((item,)), at=YEARS_AGO)
        await repository.add_imported(user, ImportBatch((task("c"),)), at=YEARS_AGO)
        await repository.purge(trash_before=after, deletions_before=YEARS_AGO, keys_before=YEARS_AGO, limit=10**6)
        erased = await add_all(repository, user, *items, task("c"))

        while await repository.purge(
            trash_before=after, deletions_before=after, keys_before=YEARS_AGO, limit=10**6
        ):  # fmt: skip
            pass

        assert erased == 0
        assert await add_all(repository, user, *items, task("c")) == 3

    async def test_an_erasure_of_the_user_forgets_imported_items(self, repository: TaskStore) -> None:
        user = new_user()
        await add_all(repository, user, project(), task("a", project=HOME))
        await erase(repository, user)

        again = await add_all(repository, UserId(user, noon_plus(1)), project(), task("a", project=HOME))

        assert again == 2

    async def test_the_quotas_of_deletions_forget_imported_items_too(self, make_repository: MakeRepository) -> None:
        user = new_user()
        async with make_repository(replace(NO_QUOTAS, max_deletions=1)) as repository:
            await add_all(repository, user, task("a"), task("b"))
            for task_id in (1, 2):
                await repository.remove(user, task_id, at=NOON)

            assert await add_all(repository, user, task("a"), task("b")) == 1
