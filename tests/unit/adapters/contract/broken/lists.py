"""Adapters that list, search or page wrongly."""

from dataclasses import replace

from tests.unit.adapters.contract.broken import breaks
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_domain import Task, TaskPage, TaskQuery, UserId


def _in_any_case(query: TaskQuery, task: Task) -> bool:
    return query.q is None or query.q in task.title or query.q in (task.description or "")


@breaks("test_tasks_come_in_order_ties_by_id_and_nothing_last")
class ListsInAnUnstableOrder(InMemoryTaskRepository):
    async def list(self, user_id: UserId, query: TaskQuery) -> TaskPage:
        page = await super().list(user_id, replace(query, descending=False))
        return replace(page, tasks=page.tasks[:: -1 if query.descending else 1])


@breaks("test_tasks_come_in_order_ties_by_id_and_nothing_last")
class ListsNothingFirst(InMemoryTaskRepository):
    async def list(self, user_id: UserId, query: TaskQuery) -> TaskPage:
        page = await super().list(user_id, query)
        return replace(page, tasks=tuple(sorted(page.tasks, key=lambda task: query.sort.of(task) is not None)))


@breaks("test_titles_are_ordered_by_the_code_points_of_their_folded_form")
class OrdersTitlesByUtf16(InMemoryTaskRepository):
    async def list(self, user_id: UserId, query: TaskQuery) -> TaskPage:
        page = await super().list(user_id, query)
        tasks = sorted(page.tasks, key=lambda task: task.title.casefold().encode("utf-16-be"))
        return replace(page, tasks=tuple(tasks[:: -1 if query.descending else 1]))


@breaks("test_search_compares_folded_code_points_in_title_and_description")
class SearchesCaseSensitively(InMemoryTaskRepository):
    async def list(self, user_id: UserId, query: TaskQuery) -> TaskPage:
        page = await super().list(user_id, query)
        return replace(page, tasks=tuple(task for task in page.tasks if _in_any_case(query, task)))


@breaks("test_only_tasks_that_meet_every_condition_are_listed")
class ListsTasksWithAnyOfTheTags(InMemoryTaskRepository):
    async def list(self, user_id: UserId, query: TaskQuery) -> TaskPage:
        return await super().list(user_id, replace(query, tag=query.tag[:1]))


@breaks("test_a_page_goes_on_from_a_place_whose_task_is_gone")
class StartsOverWhenAPlaceIsGone(InMemoryTaskRepository):
    async def list(self, user_id: UserId, query: TaskQuery) -> TaskPage:
        gone = query.after and query.after.id not in self._lists[user_id].tasks
        return await super().list(user_id, replace(query, cursor=None) if gone else query)


@breaks("test_paging_while_others_write_never_repeats_nor_skips_a_task_that_stays_put")
class CountsPages(InMemoryTaskRepository):
    """Finds the place of a page by counting tasks, as OFFSET does."""

    def __init__(self) -> None:
        super().__init__()
        self._counted = 0

    async def list(self, user_id: UserId, query: TaskQuery) -> TaskPage:
        self._counted = self._counted + query.limit if query.cursor else 0
        whole = await super().list(user_id, replace(query, cursor=None, limit=500))
        return query.page(whole.tasks[self._counted : self._counted + query.limit + 1], whole.revision)


@breaks("test_a_page_has_the_lists_revision_and_no_more_tasks_than_asked_for")
class TellsTheRevisionOfThePage(InMemoryTaskRepository):
    async def list(self, user_id: UserId, query: TaskQuery) -> TaskPage:
        page = await super().list(user_id, query)
        return replace(page, revision=max((task.revision for task in page.tasks), default=0))
