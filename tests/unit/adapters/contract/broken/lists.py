"""Adapters that list, search or page wrongly."""

from collections.abc import Sequence
from dataclasses import replace

from tests.unit.adapters.contract.broken import breaks
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_domain import Task, TaskIds, TaskPage, TaskQuery, UserId


def _in_any_case(query: TaskQuery, task: Task) -> bool:
    return query.q is None or query.q in task.title or query.q in (task.description or "")


@breaks("test_tasks_are_in_order_with_ties_by_id_and_missing_values_last")
class ListsInAnUnstableOrder(InMemoryTaskRepository):
    async def list(self, user_id: UserId, query: TaskQuery) -> TaskPage:
        page = await super().list(user_id, replace(query, descending=False))
        return replace(page, tasks=page.tasks[:: -1 if query.descending else 1])


@breaks("test_tasks_are_in_order_with_ties_by_id_and_missing_values_last")
class ListsMissingValuesFirst(InMemoryTaskRepository):
    async def list(self, user_id: UserId, query: TaskQuery) -> TaskPage:
        page = await super().list(user_id, query)
        return replace(page, tasks=tuple(sorted(page.tasks, key=lambda task: query.sort.of(task) is not None)))


@breaks("test_titles_are_ordered_by_the_code_points_of_their_folded_form")
class OrdersTitlesByUtf16(InMemoryTaskRepository):
    async def list(self, user_id: UserId, query: TaskQuery) -> TaskPage:
        page = await super().list(user_id, query)
        tasks = sorted(page.tasks, key=lambda task: task.title.casefold().encode("utf-16-be"))
        return replace(page, tasks=tuple(tasks[:: -1 if query.descending else 1]))


@breaks("test_search_compares_folded_code_points_in_title_description_and_checklist")
class SearchesCaseSensitively(InMemoryTaskRepository):
    async def list(self, user_id: UserId, query: TaskQuery) -> TaskPage:
        page = await super().list(user_id, query)
        return replace(page, tasks=tuple(task for task in page.tasks if _in_any_case(query, task)))


@breaks("test_exactly_the_tasks_that_match_every_condition_are_listed")
class ListsTasksWithAnyOfTheTags(InMemoryTaskRepository):
    async def list(self, user_id: UserId, query: TaskQuery) -> TaskPage:
        return await super().list(user_id, replace(query, tag=query.tag[:1]))


@breaks("test_a_page_continues_after_a_task_that_was_removed")
class StartsOverWhenTheTaskOfTheCursorIsGone(InMemoryTaskRepository):
    async def list(self, user_id: UserId, query: TaskQuery) -> TaskPage:
        gone = query.after and query.after.id not in self._lists[user_id].tasks
        return await super().list(user_id, replace(query, cursor=None) if gone else query)


@breaks("test_paging_during_writes_neither_repeats_nor_skips_an_unchanged_task")
class CountsPages(InMemoryTaskRepository):
    """Finds the start of a page by counting tasks, as OFFSET does."""

    def __init__(self) -> None:
        super().__init__()
        self._counted = 0

    async def list(self, user_id: UserId, query: TaskQuery) -> TaskPage:
        limit = query.limit or 0
        self._counted = self._counted + limit if query.cursor else 0
        whole = await super().list(user_id, replace(query, cursor=None, limit=None))
        return query.page(whole.tasks[self._counted :][: limit + 1 if limit else None], whole.revision)


@breaks("test_the_ids_of_a_query_are_those_of_the_tasks_that_it_matches")
class ListsIdsWithoutACursor(InMemoryTaskRepository):
    async def list_ids(self, user_id: UserId, query: TaskQuery) -> TaskIds:
        return await super().list_ids(user_id, replace(query, cursor=None))


@breaks("test_several_tasks_are_returned_in_the_order_of_the_ids")
class ReadsSeveralInOrderOfId(InMemoryTaskRepository):
    async def get_many(self, user_id: UserId, task_ids: Sequence[int]) -> Sequence[Task]:
        return await super().get_many(user_id, sorted(task_ids))


@breaks("test_tasks_of_another_user_are_left_out")
class ReadsTasksOfAllUsers(InMemoryTaskRepository):
    async def get_many(self, _: UserId, task_ids: Sequence[int]) -> Sequence[Task]:
        return [task for tasks in self._lists.values() for task in tasks.tasks.values() if task.id in task_ids]


@breaks("test_a_page_has_the_revision_of_the_list_and_at_most_limit_tasks")
class ReturnsTheRevisionOfThePage(InMemoryTaskRepository):
    async def list(self, user_id: UserId, query: TaskQuery) -> TaskPage:
        page = await super().list(user_id, query)
        return replace(page, revision=max((task.revision for task in page.tasks), default=0))
