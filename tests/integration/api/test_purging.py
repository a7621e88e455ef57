"""The server purges expired records periodically."""

import time
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from dependency_injector import providers

from tests.integration.server import running_server, settings_for
from todo_adapters.sql.sqlite.repository import SqliteTaskRepository
from todo_api.container import Container
from todo_api.server import maintenance
from todo_domain import (
    AccessTokenDraft,
    CursorExpired,
    IdempotencyKey,
    Principal,
    StorageUnavailable,
    TaskDraft,
    TrashQuery,
    UserId,
)


class LateClock:
    """A clock that is one year ahead."""

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(days=365)


@dataclass(frozen=True)
class FixedClock:
    """A clock that stands still."""

    time: datetime

    def now(self) -> datetime:
        return self.time


class FailingAtFirst(SqliteTaskRepository):
    """A store whose first two purges fail: with an expected and an unexpected error."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._errors = [StorageUnavailable(), ZeroDivisionError()]

    async def purge(self, **arguments: Any) -> int:
        if self._errors:
            raise self._errors.pop(0)
        return await super().purge(**arguments)


def test_old_deletions_are_purged_during_requests_and_after_failures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(maintenance, "_HOUR", 0.01)
    container = Container(settings=settings_for(tmp_path / "tasks.sqlite3"))
    container.task_repository.override(providers.Singleton(FailingAtFirst, tmp_path / "tasks.sqlite3"))
    with running_server(container) as server, server.client() as alice:
        alice.post("/tasks", json={"title": "a"})
        before = alice.get("/changes").json()["next"]
        alice.delete("/tasks/1")
        kept = alice.get("/changes", params={"since": before})

        container.clock.override(providers.Singleton(LateClock))
        while (later := alice.get("/changes", params={"since": before})).status_code == 200:
            time.sleep(0.01)

    assert kept.json()["changes"] == [{"id": 1, "deleted": True, "revision": 2, "kind": "task"}]
    assert (later.status_code, later.json()["error_code"]) == (410, "CURSOR_EXPIRED")
    expected, unexpected = (record for record in caplog.records if record.name == maintenance.__name__)
    assert (expected.levelname, expected.exc_info) == ("WARNING", None)
    assert unexpected.exc_info
    assert unexpected.exc_info[0] is ZeroDivisionError


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("settings", "days", "is_kept"),
    [({}, 29, True), ({}, 31, False), ({"deletions_days": 60}, 59, True), ({"idempotency_hours": 24}, 2, False)],
)
async def test_a_key_is_remembered_as_long_as_a_deletion_unless_the_setting_differs(
    tmp_path: Path, settings: dict[str, Any], days: int, *, is_kept: bool
) -> None:
    path, draft = tmp_path / "tasks.sqlite3", TaskDraft(title="Buy milk")
    alice, key, at = UserId("alice"), IdempotencyKey.of_request("key", draft), datetime.now(UTC)
    container = Container(settings=settings_for(path, **settings))
    container.clock.override(providers.Object(FixedClock(at + timedelta(days=days))))
    async with SqliteTaskRepository(path) as store:
        await store.add(alice, draft, at=at, key=key)

    _ = [count async for count in maintenance.purge(container, dry_run=False)]

    async with SqliteTaskRepository(path) as store:
        assert (await store.add(alice, draft, at=at, key=key)).replayed is is_kept


@pytest.mark.anyio
async def test_an_access_token_that_has_expired_is_purged(tmp_path: Path) -> None:
    path, at = tmp_path / "tasks.sqlite3", datetime.now(UTC)
    container = Container(settings=settings_for(path))
    container.clock.override(providers.Object(FixedClock(at)))
    alice = container.access_token_use_cases()(Principal(UserId("alice"), at), "alice")
    async with container.task_repository():
        kept, _ = await alice.create(AccessTokenDraft(name="a", scopes=["tasks:read"]))
        expires_at = at + timedelta(days=1)
        await alice.create(AccessTokenDraft(name="b", scopes=["tasks:read"], expires_at=expires_at))
    container.clock.override(providers.Object(FixedClock(at + timedelta(days=2))))

    purged = [count async for count in maintenance.purge(container, dry_run=False)]

    async with container.task_repository() as store:
        assert (purged, await store.access_tokens.list(UserId("alice"))) == ([1, 1], [kept])


@pytest.mark.anyio
@pytest.mark.parametrize(("days", "in_trash", "in_feed"), [(6, 1, True), (8, 0, True), (59, 0, True), (61, 0, False)])
async def test_content_and_deletions_are_kept_as_long_as_their_settings_say(
    tmp_path: Path, days: int, in_trash: int, *, in_feed: bool
) -> None:
    container = Container(settings=settings_for(tmp_path / "tasks.sqlite3", trash_days=7, deletions_days=60))
    alice, at = UserId("alice"), datetime.now(UTC)
    container.clock.override(providers.Object(FixedClock(at + timedelta(days=days))))
    async with container.task_repository() as store:
        await store.add(alice, TaskDraft(title="Buy milk"), at=at)
        before = (await store.changes(alice, None, 1)).next
        await store.remove(alice, 1, at=at)

    _ = [count async for count in maintenance.purge(container, dry_run=False)]

    async with container.task_repository() as store:
        assert len((await store.list_trash(alice, TrashQuery())).tasks) == in_trash
        with nullcontext() if in_feed else pytest.raises(CursorExpired):
            assert await store.changes(alice, before, 1)
