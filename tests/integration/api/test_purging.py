"""The server forgets by itself what is past its time."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dependency_injector import providers

from tests.integration.server import running_server, settings_for
from todo_adapters.sql.sqlite import SqliteTaskRepository
from todo_api import maintenance
from todo_api.container import Container
from todo_domain import StorageUnavailable


class LateClock:
    """A clock that is far ahead."""

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(days=365)


class FailingOnce(SqliteTaskRepository):
    """A store whose first purge fails."""

    failed = False

    async def purge(
        self, *, deletions_before: datetime, keys_before: datetime, limit: int, dry_run: bool = False
    ) -> int:
        if not self.failed:
            self.failed = True
            raise StorageUnavailable
        return await super().purge(
            deletions_before=deletions_before, keys_before=keys_before, limit=limit, dry_run=dry_run
        )


def test_old_deletions_are_forgotten_beside_traffic_and_after_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maintenance, "_HOUR", 0.01)
    container = Container(settings=settings_for(tmp_path / "tasks.sqlite3"))
    container.task_repository.override(providers.Singleton(FailingOnce, tmp_path / "tasks.sqlite3"))
    with running_server(container) as server, server.client() as alice:
        alice.post("/tasks", json={"title": "a"})
        before = alice.get("/changes").json()["next"]
        alice.delete("/tasks/1")
        kept = alice.get("/changes", params={"since": before})

        container.clock.override(providers.Singleton(LateClock))
        while (later := alice.get("/changes", params={"since": before})).status_code == 200:
            time.sleep(0.01)

    assert kept.json()["changes"] == [{"id": 1, "deleted": True, "revision": 2}]
    assert (later.status_code, later.json()["error_code"]) == (410, "CURSOR_EXPIRED")
