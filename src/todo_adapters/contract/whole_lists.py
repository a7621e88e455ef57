"""Whole lists: the ids show the list at one moment, and several tasks can be read at once."""

import itertools

import pytest

from todo_adapters.contract.scenario import ALL, NOON, add_titles, new_user, noon_plus, set_title
from todo_adapters.contract.suite import Contract
from todo_domain import Priority, SortKey, TaskDraft, TaskQuery, TaskStore

in_every_order = pytest.mark.parametrize(("sort", "descending"), [*itertools.product(SortKey, (False, True))])


class ReadsWholeLists(Contract):
    """The ids are in the order of the list and have its revision. Reading several tasks leaves out missing ones."""

    @in_every_order
    async def test_the_ids_of_a_list_are_in_the_order_of_its_tasks(
        self, repository: TaskStore, sort: SortKey, *, descending: bool
    ) -> None:
        user = new_user()
        for number in range(7):
            priority = tuple(Priority)[number % 3]
            await repository.add(user, TaskDraft(title="xyz"[number % 3], priority=priority), at=noon_plus(number % 2))
        await repository.remove(user, 2, at=NOON)
        query = TaskQuery(sort=sort, descending=descending)

        found = await repository.list_ids(user, query)

        whole = await repository.list(user, query)
        assert list(found.ids) == [task.id for task in whole.tasks]
        assert found.revision == whole.revision == 8
        assert len(found.ids) == 6

    async def test_the_ids_of_a_query_are_those_of_the_tasks_that_it_matches(self, repository: TaskStore) -> None:
        user = new_user()
        await add_titles(repository, user, ["a", "b", "ab", "c", "bc"])
        first = await repository.list(user, TaskQuery(q="b", limit=1))

        found = await repository.list_ids(user, TaskQuery(q="b"))
        limited = await repository.list_ids(user, TaskQuery(q="b", limit=2))
        rest = await repository.list_ids(user, TaskQuery(q="b", cursor=first.next_cursor))
        none = await repository.list_ids(user, TaskQuery(q="z"))

        assert [list(ids.ids) for ids in (found, limited, rest, none)] == [[2, 3, 5], [2, 3], [3, 5], []]
        assert none.revision == 5

    async def test_a_list_that_does_not_exist_has_no_ids(self, repository: TaskStore) -> None:
        found = await repository.list_ids(new_user(), TaskQuery())

        assert (list(found.ids), found.revision) == ([], 0)

    async def test_several_tasks_are_returned_in_the_order_of_the_ids(self, repository: TaskStore) -> None:
        user = new_user()
        first, _, third = await add_titles(repository, user, "abc")
        await repository.remove(user, 2, at=NOON)

        found = await repository.get_many(user, [3, 2, 1, 9])
        nothing = await repository.get_many(user, [])

        assert list(found) == [third, first]
        assert list(nothing) == []

    async def test_several_tasks_are_returned_as_they_are_now(self, repository: TaskStore) -> None:
        user = new_user()
        await add_titles(repository, user, "ab")
        ids = (await repository.list_ids(user, TaskQuery())).ids
        changed = await repository.change(user, 1, set_title("z"))

        found = await repository.get_many(user, ids)

        assert found[0] == changed

    async def test_tasks_of_another_user_are_left_out(self, repository: TaskStore) -> None:
        user, other = new_user(), new_user()
        await add_titles(repository, other, "ab")

        found = await repository.get_many(user, [1, 2])

        assert list(found) == []

    async def test_a_list_without_a_limit_has_all_tasks(self, repository: TaskStore) -> None:
        user = new_user()
        await add_titles(repository, user, map(str, range(ALL // 4)))

        page = await repository.list(user, TaskQuery())

        assert (len(page.tasks), page.next_cursor) == (ALL // 4, None)
