"""After a backup is restored, clients that have seen lost revisions get an error and start over."""

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
    """A database whose last write was lost when a backup was restored, and the token of a client that saw the write."""

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
        """Restore the backup; later writes are lost."""
        shutil.copy(self._backup, self._database)

    def container(self) -> Container:
        return Container(settings=settings_for(self._database))

    @contextmanager
    def client(self) -> Iterator[httpx.Client]:
        """Serve the database, and yield a client of the user."""
        with running_server(self.container()) as server, server.client(self._user) as client:
            yield client


@pytest.mark.parametrize("writes_after", [0, 1, 5])
def test_after_a_restore_and_a_new_epoch_old_tokens_get_410(tmp_path: Path, writes_after: int) -> None:
    restored = Restored(tmp_path)

    asyncio.run(maintenance.renew_epoch(restored.container()))
    with restored.client() as client:
        for number in range(writes_after):
            client.post("/tasks", json={"title": f"new {number}"})
        responses = [
            client.get("/changes", params={"since": restored.token}),
            client.get("/changes/stream", headers={"Last-Event-ID": restored.token}),
        ]
        resynced = client.get("/changes").json()

    assert [(response.status_code, response.json()["error_code"]) for response in responses] == [
        (410, "CURSOR_EXPIRED")
    ] * 2
    assert [change["title"] for change in resynced["changes"]] == ["kept", *(f"new {n}" for n in range(writes_after))]


def test_without_a_new_epoch_a_token_with_a_lost_revision_gets_410(tmp_path: Path) -> None:
    restored = Restored(tmp_path)

    with restored.client() as client:
        response = client.get("/changes", params={"since": restored.token})

    assert (response.status_code, response.json()["error_code"]) == (410, "CURSOR_EXPIRED")


def test_a_lost_etag_is_never_used_again_even_after_several_restores(tmp_path: Path) -> None:
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
        responses = [client.patch("/tasks/1", json={"title": "stale"}, headers={"If-Match": tag}) for tag in lost]
        title = client.get("/tasks/1").json()["title"]

    assert [(response.status_code, response.headers["ETag"]) for response in responses] == [(412, current)] * 2
    assert title == "found"
