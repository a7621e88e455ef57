"""What an export costs its owner, and when it is given up."""

import asyncio

import pytest
from starlette.types import Message, Scope

from tests.tokens import StoppedClock
from tests.usage import requests_until_refused
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_api.http.user_limits import BURST_SECONDS, Bounds, UserLimits
from todo_api.schemas.exports import EXPORT_FORMATS
from todo_api.server.uvicorn_connection import ABORT_CONNECTION
from todo_api.streaming import export
from todo_api.streaming.export import OpenExports, export_response
from todo_api.streaming.parts import PartsResponse
from todo_domain import (
    Batch,
    Create,
    CreateProject,
    Principal,
    ProjectDraft,
    Remove,
    RemoveProject,
    TaskDraft,
    TaskUseCases,
    UserId,
)

pytestmark = pytest.mark.anyio

ALICE = UserId("alice")
CLOCK = StoppedClock()


def tag_of(revision: int, trash_count: int) -> str:
    return f"{revision}-{trash_count}"


class Export:
    """An export of alice's list, which she may pay with ten units of work per second."""

    def __init__(self) -> None:
        self.repository = InMemoryTaskRepository()
        self.usage = UserLimits(Bounds(0, 0, 10), lambda: 1.0).usage_of(ALICE)
        self.exports = OpenExports()
        self.scope: Scope = {"state": {ABORT_CONNECTION: self.abort}}
        self.disconnected = asyncio.Event()
        self.sent: list[Message] = []

    def abort(self) -> None:
        self.disconnected.set()

    async def begin(self) -> PartsResponse:
        tasks = TaskUseCases(self.repository, CLOCK, Principal(ALICE, CLOCK.now()), ALICE)
        return await export_response(tasks, EXPORT_FORMATS["ndjson"], self.usage, self.exports, tag_of)

    async def receive(self) -> Message:
        await self.disconnected.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    async def never_send(self, message: Message) -> None:
        self.sent.append(message)
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()


async def test_the_owner_pays_for_what_is_read_and_for_what_is_sent() -> None:
    exporting = Export()
    async with exporting.repository as repository:
        for _ in range(4):
            await repository.apply(
                ALICE, Batch((Create(TaskDraft(title="a")),) * 99 + (Create(TaskDraft(title="b")),)), at=CLOCK.now()
            )
        await repository.apply(ALICE, Batch((CreateProject(ProjectDraft(name="c")), Remove(1))), at=CLOCK.now())
        await repository.apply(ALICE, Batch((RemoveProject(1),)), at=CLOCK.now())

        response = await exporting.begin()
        await response(exporting.scope, exporting.receive, exporting.send)

    assert exporting.sent[-1]["body"] == b""
    # 401 tasks and projects: 1 for 200 that are read, 1 for 20 that are sent.
    assert requests_until_refused(exporting.usage) == 10 * BURST_SECONDS - 2 - 20 - 1


async def test_an_export_that_its_client_does_not_read_in_time_is_aborted_and_another_may_begin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(export, "MAX_SECONDS", 0.01)
    exporting = Export()
    async with exporting.repository:
        response = await exporting.begin()
        await response(exporting.scope, exporting.receive, exporting.never_send)

        assert exporting.scope["error_code"] == "CLIENT_TOO_SLOW"
        assert exporting.disconnected.is_set()
        assert await exporting.begin()


async def test_an_export_whose_client_disconnects_ends() -> None:
    exporting = Export()
    async with exporting.repository:
        response = await exporting.begin()
        sending = asyncio.create_task(response(exporting.scope, exporting.receive, exporting.never_send))
        await asyncio.sleep(0)
        sending.cancel()
        await asyncio.wait([sending])

        assert await exporting.begin()
