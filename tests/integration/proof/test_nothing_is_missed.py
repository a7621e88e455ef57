"""Many concurrent writers and readers: the feed misses no change, repeats none, and keeps the order."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import settings

from tests.integration.proof.readers import Copy, FeedReader, StreamReader, UpdatedAtReader
from todo_api.streaming.live_feed import LiveFeed
from todo_domain import Principal, TaskDraft, TaskNotFound, TaskPatch, TaskQuery, TaskRepository, TaskUseCases, UserId

WRITERS = 32
TASKS = 60


def writes() -> int:
    return 100_000 if settings.get_current_profile_name() == "deep" else 5_000


class SkewedClock:
    """The clock of one of several servers, which differ by some milliseconds."""

    def __init__(self, chance: random.Random) -> None:
        self._skew = timedelta(milliseconds=chance.uniform(-20, 20))

    def now(self) -> datetime:
        return datetime.now(UTC) + self._skew


@asynccontextmanager
async def following(readers: Sequence[FeedReader]) -> AsyncIterator[None]:
    """Let readers follow during the block and for a second after it, so that they see the last changes."""
    tasks = [asyncio.create_task(reader.follow()) for reader in readers]
    yield
    await asyncio.sleep(1)
    for task in tasks:
        task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes), outcomes


async def write(tasks: TaskUseCases, ids: list[int], times: int, chance: random.Random) -> None:
    """Change tasks, and sometimes replace a task by a new one."""
    for n in range(times):
        place = chance.randrange(TASKS)
        try:
            if n % 40 == 0:
                await tasks.remove(ids[place])
                ids[place] = (await tasks.create(TaskDraft(title=str(n)))).task.id
            else:
                await tasks.patch(ids[place], TaskPatch(title=f"{n}: {chance.random()}"))
        except TaskNotFound:
            pass  # another writer has removed it and not yet created the next one


async def current_copy(tasks: TaskUseCases) -> Copy:
    page = await tasks.list(TaskQuery(limit=500))
    assert page.next_cursor is None
    return {task.id: task.revision for task in page.tasks}


@pytest.mark.anyio
@pytest.mark.parametrize("users", [4, 1])
async def test_readers_of_the_feed_miss_no_change_but_readers_of_updated_at_do(
    repository: TaskRepository, users: int
) -> None:
    chance = random.Random(users)
    owners = [UserId(f"user-{uuid4().hex}") for _ in range(users)]
    async with LiveFeed(repository, tick_seconds=0.01) as live_feed:

        def use_cases(owner: UserId) -> TaskUseCases:
            caller = Principal(owner, datetime.now(UTC))
            return TaskUseCases(repository, SkewedClock(chance), caller, owner, live_feed.notify)

        lists = [use_cases(owner) for owner in owners]
        ids = [[(await tasks.create(TaskDraft(title=str(n)))).task.id for n in range(TASKS)] for tasks in lists]
        exact = [(tasks, reader) for tasks in lists for reader in (FeedReader(tasks), StreamReader(tasks, live_feed))]
        by_time = [(tasks, UpdatedAtReader(tasks)) for tasks in lists]

        async with following([reader for _, reader in (*exact, *by_time)]):
            await asyncio.gather(
                *(
                    write(use_cases(owners[n % users]), ids[n % users], writes() // WRITERS, chance)
                    for n in range(WRITERS)
                )
            )

        for tasks, reader in exact:
            assert reader.copy == await current_copy(tasks)
            assert reader.revisions == sorted(set(reader.revisions))
        missed = [
            task_id
            for tasks, reader in by_time
            for task_id, revision in (await current_copy(tasks)).items()
            if reader.copy.get(task_id) != revision
        ]
        assert missed, "the readers by time must miss changes, or this test proves nothing"
