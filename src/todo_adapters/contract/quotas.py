"""What the tests of quotas have in common: drafts, keys, and writes that are refused or compete."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Final

import pytest

from todo_adapters.contract.scenario import NOON, read_everything
from todo_domain import IdempotencyKey, QuotaExceeded, TaskDraft, TaskRepository, TodoError, TooManyKeys, UserId

OPEN: Final = TaskDraft(title="open")
DONE: Final = TaskDraft(title="done", complete=True)


def key_of(name: str, request: object = OPEN) -> IdempotencyKey:
    """Return the key of a request; the request adds an open task if no other is named."""
    return IdempotencyKey.of_request(name, request)


async def add(store: TaskRepository, user_id: UserId, *drafts: TaskDraft) -> None:
    """Add a task for each draft."""
    for draft in drafts:
        await store.add(user_id, draft, at=NOON)


async def error_of(store: TaskRepository, user_id: UserId, write: Awaitable[object]) -> TodoError:
    """Return the error of a write that must be refused, and that must not change anything."""
    before = await read_everything(store, user_id)
    with pytest.raises((QuotaExceeded, TooManyKeys)) as refused:
        await write
    assert await read_everything(store, user_id) == before
    return refused.value


async def compete(writes: Sequence[Awaitable[object]]) -> tuple[int, list[object]]:
    """Return how many of concurrent writes succeeded, and the errors of the others."""
    results = await asyncio.gather(*writes, return_exceptions=True)
    errors: list[object] = [result for result in results if isinstance(result, BaseException)]
    return len(results) - len(errors), errors
