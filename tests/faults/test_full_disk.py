"""`todo-api serve` while its disk is full."""

import resource
import time
from pathlib import Path

import httpx

from tests.integration.cli.test_serve import serving
from tests.integration.server import new_user, token_of
from tests.tokens import SECRET

READY = {"status": "ready", "reads": "ready", "writes": "ready", "keys": "ready"}
QUICK_SECONDS = 30.0
"""Far more than anything here takes."""


def test_a_full_disk_is_reported_and_loses_nothing(tmp_path: Path) -> None:
    user = new_user()
    tasks, headers = f"/api/{user}/tasks", {"Authorization": f"Bearer {token_of(user)}"}
    with (
        serving(tmp_path, "--database", "tasks.db", BETTER_AUTH_SECRET=SECRET) as process,
        httpx.Client(base_url=process.url(), headers=headers) as client,
    ):
        assert client.post(tasks, json={"title": "before"}).status_code == 201
        # A limit on the size of files makes writes fail as a full disk does.
        log_size = (tmp_path / "tasks.db-wal").stat().st_size
        before = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (log_size, before[1]))

        refused = client.post(tasks, json={"title": "refused"})
        ready = client.get("/health/ready")
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, before)
        give_up_at = time.monotonic() + QUICK_SECONDS
        while client.get("/health/ready").json() != READY:
            assert time.monotonic() < give_up_at
            time.sleep(0.05)

        assert refused.json()["error_code"] == "DATABASE_ERROR"
        assert (ready.status_code, ready.json()) == (200, READY | {"writes": "unavailable"})
        assert client.post(tasks, json={"title": "after"}).status_code == 201
        assert [task["title"] for task in client.get(tasks).json()["tasks"]] == ["before", "after"]
