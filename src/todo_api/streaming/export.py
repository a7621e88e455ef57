"""An export: a snapshot of everything that a user has, sent at the client's speed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Final

from todo_api.http.deadlines import current_request
from todo_api.http.user_limits import Usage, too_many_at_once
from todo_api.schemas.exports import ExportFormat, ExportWriter
from todo_api.schemas.exports.content import without_deletion
from todo_api.streaming.parts import PartsResponse
from todo_domain import Snapshot, StorageOverloaded, TaskUseCases
from todo_domain.ports import SNAPSHOT_SECONDS

MAX_OPEN: Final = 50
"""How many exports a process sends at a time: each has an open file."""
WAIT_SECONDS: Final = 1.0
"""How long an export waits for an earlier one of the user, whose client may be gone."""
MAX_SECONDS: Final = 600.0
"""The longest time in all that the server waits for a client: an export uses space on the disk."""
READ_PER_OPERATION: Final = 20
"""How many projects and tasks are read for the work of one operation of a batch, besides what sending them costs."""


class OpenExports:
    """The exports that this process sends: one for each user."""

    def __init__(self) -> None:
        self._ends: dict[str, asyncio.Event] = {}

    @asynccontextmanager
    async def one_of(self, user_id: str) -> AsyncIterator[None]:
        """Count an export of a user; wait a moment for an earlier one. Raises RATE_LIMITED and StorageOverloaded.

        A client that has disconnected from an export, and begins another one, is not refused.
        """
        if earlier := self._ends.get(user_id):
            with suppress(TimeoutError):
                async with asyncio.timeout(WAIT_SECONDS):
                    await earlier.wait()
        if user_id in self._ends:
            raise too_many_at_once("exports", 1, "a user may have one export at a time")
        if len(self._ends) >= MAX_OPEN:
            raise StorageOverloaded("too many exports are being sent")
        end = self._ends[user_id] = asyncio.Event()
        try:
            yield
        finally:
            del self._ends[user_id]
            end.set()


async def export_response(
    tasks: TaskUseCases, form: ExportFormat, usage: Usage, exports: OpenExports, tag_of: Callable[[int, int], str]
) -> PartsResponse:
    """Take a snapshot, and return the response that sends it. Raises RATE_LIMITED and StorageUnavailable.

    - tag_of: returns the ETag for the revision and the size of the trash
    """
    async with AsyncExitStack() as opened:
        await opened.enter_async_context(exports.one_of(tasks.user_id))
        if request := current_request():
            request.ends_at += SNAPSHOT_SECONDS  # taking a snapshot has a deadline of its own
        snapshot = await opened.enter_async_context(tasks.snapshot())
        usage.charge_operations(snapshot.count // READ_PER_OPERATION)
        headers = {
            "ETag": tag_of(snapshot.revision, snapshot.trash_count),
            "Content-Disposition": f'attachment; filename="{form.file_name}"',
        }
        parts = export_parts(snapshot, await asyncio.to_thread(form.new), usage, form.cost)
        response = await PartsResponse.begin(parts, usage, headers, form.content_type, seconds=MAX_SECONDS)
        response.resources = opened.pop_all()
        return response


async def export_parts(snapshot: Snapshot, writer: ExportWriter, usage: Usage, cost: int) -> AsyncIterator[bytes]:
    """Yield the export in parts, one per chunk."""
    part = writer.begin()
    async for content in snapshot.chunks:
        usage.charge_tasks([without_deletion(each)[0] for each in content], cost)
        size = 1 if cost > 1 else len(content)
        for start in range(0, len(content), size):
            part += writer.write(content[start : start + size])
            await asyncio.sleep(0)
        yield part
        part = b""
    yield part + writer.end()
