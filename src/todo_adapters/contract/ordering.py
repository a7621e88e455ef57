"""Order: the same on every store, decided by code points."""

import datetime as dt

import pytest

from todo_adapters.contract.scenario import ALL, NOON, add_titles, ids_of, new_user, noon_plus, rewrite, set_title
from todo_adapters.contract.suite import Contract
from todo_domain import Due, Priority, SortKey, TaskDraft, TaskQuery, TaskStore

NEW_YEAR = dt.date(2027, 1, 1)
DRAFTS = (
    TaskDraft(title="pear", priority=Priority.HIGH),
    TaskDraft(title="Apple", due=Due(NEW_YEAR), priority=Priority.LOW),
    TaskDraft(title="apple", due=Due(NEW_YEAR, dt.time(9)), priority=Priority.HIGH),
    TaskDraft(title="fig", due=Due(NEW_YEAR, dt.time(9), "Asia/Tokyo")),
    TaskDraft(title="PEAR"),
    TaskDraft(title="date", due=Due(dt.date(2026, 12, 31)), priority=Priority.LOW),
    TaskDraft(title="kiwi", due=Due(NEW_YEAR, dt.time(23, 59)), priority=Priority.LOW),
)
CREATED = (3, 1, 2, 1, 0, 1.000001, 5)
"""Seconds after noon, with ties and a microsecond, and not in the order of ids."""

ASCENDING = {
    SortKey.CREATED_AT: [5, 2, 4, 6, 3, 1, 7],
    SortKey.UPDATED_AT: [5, 4, 6, 3, 1, 7, 2],
    SortKey.DUE: [6, 3, 4, 7, 2, 1, 5],
    SortKey.PRIORITY: [2, 6, 7, 4, 5, 1, 3],
    SortKey.TITLE: [2, 3, 6, 4, 7, 1, 5],
}
DESCENDING = {
    SortKey.CREATED_AT: [7, 1, 3, 6, 2, 4, 5],
    SortKey.UPDATED_AT: [2, 7, 1, 3, 6, 4, 5],
    SortKey.DUE: [2, 7, 3, 4, 6, 1, 5],
    SortKey.PRIORITY: [1, 3, 4, 5, 2, 6, 7],
    SortKey.TITLE: [1, 5, 7, 4, 6, 2, 3],
}

BY_CODE_POINT = (
    "!",
    "10",
    "9",
    "_",
    "a",
    "A!",
    "straße",
    "STRASSF",
    "z",
    "~",
    "a\u0301",
    "ä",
    "Ö",
    "и",
    "b\u0323",
    "\uff5e",
    "\U00010400",
    "😀",
)
"""Titles in the order of the code points of their folded form. In UTF-16, the last three have another order."""


class ListsInOrder(Contract):
    """The collation, locale and time zone of a database do not decide the order."""

    @pytest.mark.parametrize("descending", [False, True])
    @pytest.mark.parametrize("sort", ASCENDING)
    async def test_tasks_are_in_order_with_ties_by_id_and_missing_values_last(
        self, repository: TaskStore, sort: SortKey, *, descending: bool
    ) -> None:
        user = new_user()
        for draft, seconds in zip(DRAFTS, CREATED, strict=True):
            await repository.add(user, draft, at=noon_plus(seconds))
        await repository.change(user, 2, rewrite(DRAFTS[1], noon_plus(9)))
        await repository.change(user, 2, set_title("APPLE", noon_plus(9)))

        ids = await ids_of(repository, user, TaskQuery(sort=sort, descending=descending))

        assert ids == (DESCENDING if descending else ASCENDING)[sort]

    @pytest.mark.parametrize("descending", [False, True])
    async def test_titles_are_ordered_by_the_code_points_of_their_folded_form(
        self, repository: TaskStore, *, descending: bool
    ) -> None:
        user = new_user()
        await add_titles(repository, user, sorted(BY_CODE_POINT, key=ascii))

        page = await repository.list(user, TaskQuery(sort=SortKey.TITLE, descending=descending))

        assert tuple(task.title for task in page.tasks) == (BY_CODE_POINT[::-1] if descending else BY_CODE_POINT)

    async def test_a_page_has_the_revision_of_the_list_and_at_most_limit_tasks(self, repository: TaskStore) -> None:
        user = new_user()
        await add_titles(repository, user, "abc")
        await repository.remove(user, 2, at=NOON)

        short = await repository.list(user, TaskQuery(limit=1))
        full = await repository.list(user, TaskQuery(limit=2))
        none = await repository.list(user, TaskQuery(limit=ALL, q="nowhere"))

        assert ([task.id for task in short.tasks], short.next_cursor is None) == ([1], False)
        assert ([task.id for task in full.tasks], full.next_cursor) == ([1, 3], None)
        assert (none.tasks, none.next_cursor) == ((), None)
        assert {short.revision, full.revision, none.revision} == {4}
