"""Two devices edit one task at the same time, each with a precondition on the revision that it read."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from hypothesis import settings

from todo_adapters.system_clock import SystemClock
from todo_domain import (
    PreconditionFailed,
    Principal,
    TaskDraft,
    TaskPatch,
    TaskRepository,
    TaskUseCases,
    UserId,
)


def edits() -> int:
    return 10_000 if settings.get_current_profile_name() == "deep" else 1_000


@pytest.mark.anyio
async def test_every_accepted_edit_is_based_on_the_state_that_it_replaces(repository: TaskRepository) -> None:
    owner = UserId(f"user-{uuid4().hex}")
    tasks = TaskUseCases(repository, SystemClock(), Principal(owner, datetime.now(UTC)), owner)
    await tasks.create(TaskDraft(title="0"))
    remaining = iter(range(edits()))

    async def device() -> tuple[int, int]:
        """Read the number in the title and write it plus one, many times."""
        accepted, refused = 0, 0
        for _ in remaining:
            task = await tasks.get(1)
            await asyncio.sleep(0)
            try:
                await tasks.patch(1, TaskPatch(title=str(int(task.title) + 1)), frozenset({task.revision}))
                accepted += 1
            except PreconditionFailed:
                refused += 1
        return accepted, refused

    counts = await asyncio.gather(device(), device())

    accepted, refused = map(sum, zip(*counts, strict=True))
    assert accepted + refused == edits()
    assert (await tasks.get(1)).title == str(accepted)
    assert min(accepted, refused) > edits() / 100, "the devices must conflict, or this test proves nothing"
