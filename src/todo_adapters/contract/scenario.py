"""What the tests of the kit have in common: users, times, edits, and reading a whole list."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import uuid4

from todo_domain import (
    Change,
    ChangePage,
    Edit,
    FeedToken,
    Task,
    TaskDraft,
    TaskPage,
    TaskPatch,
    TaskQuery,
    TaskRepository,
    UserId,
)

NOON: Final = datetime(2026, 1, 31, 12, tzinfo=UTC)
YEARS_AGO: Final = NOON.replace(year=2001)
"""A time before everything that other tests wrote to the same store."""
WRITERS: Final = 20
ALL: Final = 500


def new_user() -> UserId:
    """Return a user that no store knows."""
    return UserId(f"user-{uuid4()}")


def noon_plus(seconds: float) -> datetime:
    """Return the time that is so many seconds after noon."""
    return NOON + timedelta(seconds=seconds)


async def add_titles(repository: TaskRepository, user_id: UserId, titles: Iterable[str]) -> list[Task]:
    """Add a task for each title in this order, and return them."""
    return [(await repository.add(user_id, TaskDraft(title=title), at=NOON)).task for title in titles]


def set_title(title: str, at: datetime = NOON) -> Edit:
    """Return the edit that gives a task this title."""
    return lambda task: task.patched(TaskPatch(title=title), at)


def rewrite(draft: TaskDraft, at: datetime = NOON) -> Edit:
    """Return the edit that gives a task every value of a draft."""
    patch = TaskPatch(**draft.fields())
    return lambda task: task.patched(patch, at)


async def read_everything(repository: TaskRepository, user_id: UserId) -> tuple[TaskPage, ChangePage]:
    """Return everything that a reader can see of a short list, for a comparison."""
    page = await repository.list(user_id, TaskQuery(limit=ALL))
    return page, await repository.changes(user_id, None, ALL)


async def ids_of(repository: TaskRepository, user_id: UserId, query: TaskQuery) -> list[int]:
    """Return the ids of the tasks on a page."""
    return [task.id for task in (await repository.list(user_id, query)).tasks]


async def feed_token(repository: TaskRepository, user_id: UserId) -> FeedToken:
    """Return the token of a reader that has seen everything."""
    return (await repository.changes(user_id, None, ALL)).next


async def read_feed(
    repository: TaskRepository, user_id: UserId, since: FeedToken | None, limit: int
) -> list[tuple[Change, ...]]:
    """Return the pages of changes after a token, up to the last."""
    page = await repository.changes(user_id, since, limit)
    pages = [page.changes]
    while page.has_more:
        page = await repository.changes(user_id, page.next, limit)
        pages.append(page.changes)
    return pages
