"""Adapters whose snapshots are not complete, or not of one moment."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from tests.unit.adapters.contract.broken import breaks
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_domain import Content, Project, Snapshot, Task, TrashedProject, TrashedTask, UserId


async def _in_one_chunk(content: Sequence[Content]) -> AsyncIterator[Sequence[Content]]:
    if content:
        yield content


async def _content_of(snapshot: Snapshot) -> list[Content]:
    return [each async for chunk in snapshot.chunks for each in chunk]


@breaks("test_a_snapshot_has_the_projects_and_then_the_tasks_in_order_of_id")
class LeavesOutTheTrash(InMemoryTaskRepository):
    @asynccontextmanager
    async def snapshot(self, user_id: UserId) -> AsyncIterator[Snapshot]:
        async with super().snapshot(user_id) as snapshot:
            content = [each for each in await _content_of(snapshot) if isinstance(each, Task | Project)]
            yield replace(snapshot, count=len(content), chunks=_in_one_chunk(content))


@breaks("test_a_snapshot_has_the_projects_and_then_the_tasks_in_order_of_id")
class ListsTheTrashLast(InMemoryTaskRepository):
    @asynccontextmanager
    async def snapshot(self, user_id: UserId) -> AsyncIterator[Snapshot]:
        async with super().snapshot(user_id) as snapshot:
            content = await _content_of(snapshot)
            content.sort(key=lambda each: isinstance(each, TrashedProject | TrashedTask))
            yield replace(snapshot, chunks=_in_one_chunk(content))


@breaks("test_a_snapshot_has_every_task_of_a_long_list_once")
class TakesSnapshotsInOneChunk(InMemoryTaskRepository):
    @asynccontextmanager
    async def snapshot(self, user_id: UserId) -> AsyncIterator[Snapshot]:
        async with super().snapshot(user_id) as snapshot:
            yield replace(snapshot, chunks=_in_one_chunk(await _content_of(snapshot)))


@breaks("test_writes_after_a_snapshot_was_taken_neither_wait_for_it_nor_change_it")
class ReadsASnapshotLater(InMemoryTaskRepository):
    @asynccontextmanager
    async def snapshot(self, user_id: UserId) -> AsyncIterator[Snapshot]:
        async with super().snapshot(user_id) as snapshot:
            yield replace(snapshot, chunks=self._chunks(user_id))

    async def _chunks(self, user_id: UserId) -> AsyncIterator[Sequence[Content]]:
        async with super().snapshot(user_id) as snapshot:
            async for chunk in snapshot.chunks:
                yield chunk


@breaks("test_a_snapshot_among_writers_shows_one_moment")
class ReadsTheRevisionFirst(InMemoryTaskRepository):
    @asynccontextmanager
    async def snapshot(self, user_id: UserId) -> AsyncIterator[Snapshot]:
        revision = self._list_of(user_id).counters.revision
        await asyncio.sleep(0)
        async with super().snapshot(user_id) as snapshot:
            yield replace(snapshot, revision=revision)
