"""Pages: together they are the list, also during concurrent writes."""

import datetime as dt
import itertools
from collections.abc import AsyncIterator

import pytest

from todo_adapters.contract.scenario import NOON, new_user, noon_plus
from todo_adapters.contract.suite import Contract
from todo_domain import Due, Priority, SortKey, Task, TaskDraft, TaskPatch, TaskQuery, TaskStore, UserId

PRIORITIES = tuple(Priority)
in_every_order = pytest.mark.parametrize(("sort", "descending"), [*itertools.product(SortKey, (False, True))])


def _draft(number: int) -> TaskDraft:
    """Return one of many drafts: with ties and with missing values in every order."""
    due = Due(dt.date(2026, 6, 1 + number % 2)) if number % 3 else None
    return TaskDraft(title="xX"[number % 2] + "y" * (number % 3), due=due, priority=PRIORITIES[number % 3])


async def _pages(repository: TaskStore, user_id: UserId, query: TaskQuery) -> AsyncIterator[tuple[Task, ...]]:
    cursor: str | None = None
    while True:
        next_query = TaskQuery(
            complete=query.complete, sort=query.sort, descending=query.descending, limit=query.limit, cursor=cursor
        )
        page = await repository.list(user_id, next_query)
        yield page.tasks
        if page.next_cursor is None:
            return
        cursor = page.next_cursor


class ContinuesPages(Contract):
    """A page continues after the last task of the page before it."""

    @in_every_order
    async def test_all_pages_together_are_the_whole_list(
        self, repository: TaskStore, sort: SortKey, *, descending: bool
    ) -> None:
        user = new_user()
        for number in range(11):
            await repository.add(user, _draft(number), at=noon_plus(number % 4))
        await repository.change(user, 3, lambda task: task.patched(TaskPatch(complete=True), noon_plus(9)))
        whole = await repository.list(user, TaskQuery(complete=False, sort=sort, descending=descending))

        query = TaskQuery(complete=False, sort=sort, descending=descending, limit=2)
        pages = [page async for page in _pages(repository, user, query)]

        assert [len(page) for page in pages] == [2] * 5
        assert tuple(task for page in pages for task in page) == whole.tasks

    @in_every_order
    async def test_paging_during_writes_neither_repeats_nor_skips_an_unchanged_task(
        self, repository: TaskStore, sort: SortKey, *, descending: bool
    ) -> None:
        user = new_user()
        staying, passing, moving = range(1, 13), range(13, 19), range(19, 25)
        for number in (*staying, *passing, *moving):
            await repository.add(user, _draft(number), at=noon_plus(number % 5))
        move = TaskPatch(title="Yes", due=Due(dt.date(2026, 6, 3)), priority=Priority.HIGH)
        pages = _pages(repository, user, TaskQuery(sort=sort, descending=descending, limit=3))

        seen: list[int] = []
        for number in range(len(passing)):
            seen += [task.id for task in await anext(pages)]
            await repository.remove(user, passing[number], at=noon_plus(9))
            await repository.change(user, moving[number], lambda task: task.patched(move, noon_plus(9)))
            await repository.add(user, _draft(number), at=noon_plus(number % 5))
        seen += [task.id async for page in pages for task in page]

        stayed = [task_id for task_id in seen if task_id in staying]
        order = await repository.list(user, TaskQuery(sort=sort, descending=descending))
        assert stayed == [task.id for task in order.tasks if task.id in staying]

    @in_every_order
    async def test_a_page_continues_after_a_task_that_was_removed(
        self, repository: TaskStore, sort: SortKey, *, descending: bool
    ) -> None:
        user = new_user()
        for number in range(6):
            await repository.add(user, _draft(number), at=NOON)
        whole = await repository.list(user, TaskQuery(sort=sort, descending=descending))
        pages = _pages(repository, user, TaskQuery(sort=sort, descending=descending, limit=3))
        first = await anext(pages)

        await repository.remove(user, first[-1].id, at=NOON)

        assert first + await anext(pages) == whole.tasks
