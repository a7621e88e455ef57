"""A backup was restored: clients that know revisions which no longer exist are told so, and start over."""

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.integration.server import new_user, running_server, settings_for
from todo_api.container import Container
from todo_api.server import maintenance


class Restored:
    """A database whose last write was lost with the restoring of a backup, and the token of a client that saw it."""

    def __init__(self, folder: Path) -> None:
        self._database = folder / "tasks.sqlite3"
        self._user = new_user()
        with self.client() as client:
            client.post("/tasks", json={"title": "kept"})
        self._backup = shutil.copy(self._database, folder / "backup.sqlite3")
        with self.client() as client:
            client.post("/tasks", json={"title": "lost"})
            self.token = client.get("/changes").json()["next"]
        self.restore()

    def restore(self) -> None:
        """Lose what was written since the backup."""
        shutil.copy(self._backup, self._database)

    def container(self) -> Container:
        return Container(settings=settings_for(self._database))

    @contextmanager
    def client(self) -> Iterator[httpx.Client]:
        """Serve the database, and call it for the user."""
        with running_server(self.container()) as server, server.client(self._user) as client:
            yield client


@pytest.mark.parametrize("writes_after", [0, 1, 5])
def test_after_a_restore_and_a_new_epoch_no_old_token_is_answered(tmp_path: Path, writes_after: int) -> None:
    restored = Restored(tmp_path)

    asyncio.run(maintenance.renew_epoch(restored.container()))
    with restored.client() as client:
        for number in range(writes_after):
            client.post("/tasks", json={"title": f"new {number}"})
        answers = [
            client.get("/changes", params={"since": restored.token}),
            client.get("/changes/stream", headers={"Last-Event-ID": restored.token}),
        ]
        resynced = client.get("/changes").json()

    assert [(answer.status_code, answer.json()["error_code"]) for answer in answers] == [(410, "CURSOR_EXPIRED")] * 2
    assert [change["title"] for change in resynced["changes"]] == ["kept", *(f"new {n}" for n in range(writes_after))]


def test_even_without_a_new_epoch_a_revision_that_is_not_there_is_not_answered(tmp_path: Path) -> None:
    restored = Restored(tmp_path)

    with restored.client() as client:
        answer = client.get("/changes", params={"since": restored.token})

    assert (answer.status_code, answer.json()["error_code"]) == (410, "CURSOR_EXPIRED")


def test_no_etag_that_was_lost_is_given_out_again_however_often_the_backup_is_restored(tmp_path: Path) -> None:
    restored = Restored(tmp_path)
    lost = []
    for title in ("lost", "lost again"):
        asyncio.run(maintenance.renew_epoch(restored.container()))
        with restored.client() as client:
            lost.append(client.patch("/tasks/1", json={"title": title}).headers["ETag"])
        restored.restore()

    asyncio.run(maintenance.renew_epoch(restored.container()))
    with restored.client() as client:
        current = client.patch("/tasks/1", json={"title": "found"}).headers["ETag"]
        answers = [client.patch("/tasks/1", json={"title": "stale"}, headers={"If-Match": tag}) for tag in lost]
        title = client.get("/tasks/1").json()["title"]

    assert [(answer.status_code, answer.headers["ETag"]) for answer in answers] == [(412, current)] * 2
    assert title == "found"
