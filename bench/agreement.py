"""The check before all measurements: all servers return the same tasks and refuse the same clients."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import httpx

from bench.contenders import Server
from bench.workload import PAGE, Workload, example_task

_SHARED = (
    *("id", "user_id", "title", "description", "complete", "completed_at", "priority", "due", "tags"),
    *("created_at", "updated_at", "revision"),
)
"""The fields that every server has. Tasks of this project may have more; its own tests check them."""
_OWN_TO_EACH_STORE = ("created_at", "updated_at", "completed_at")


class Disagreement(Exception):
    """Raised when two servers respond differently."""


def require_agreement(servers: Sequence[Server], workload: Workload) -> None:
    """Raise Disagreement unless all servers respond as the first one does."""
    user = f"agreed-{uuid4().hex}"
    seen = [(server, _responses(server, workload, f"{user}-{index}")) for index, server in enumerate(servers)]
    for server, responses in seen:
        for (request, response), (_, expected) in zip(responses, seen[0][1], strict=True):
            if response != expected:
                raise Disagreement(f"{request}:\n{server.name}: {response}\n{servers[0].name}: {expected}")


def _responses(server: Server, workload: Workload, new_user: str) -> list[tuple[str, object]]:
    reader, stranger = workload.users[:2]
    mine = {"Authorization": f"Bearer {workload.tokens.token(reader)}"}
    new = {"Authorization": f"Bearer {workload.tokens.token(new_user)}"}
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}") as client:
        tasks = f"/api/{reader}/tasks"
        page = client.get(tasks, params={"limit": PAGE}, headers=mine)
        one = client.get(f"{tasks}/2", headers=mine)
        created = client.post(f"/api/{new_user}/tasks", json=example_task(1), headers=new)
        patched = client.patch(f"/api/{new_user}/tasks/1", json={"complete": True}, headers=new)
        return [
            ("one task", (one.status_code, one.headers["ETag"], comparable(one.json()))),
            ("a page", (page.status_code, _comparable_page(page.json()))),
            ("a new task", (created.status_code, created.headers["ETag"], comparable(created.json(), new_user))),
            ("its place", created.url.join(created.headers["Location"]).path.replace(new_user, "")),
            ("a changed task", (patched.status_code, patched.headers["ETag"], comparable(patched.json(), new_user))),
            ("no task", client.get(f"{tasks}/{2**30}", headers=mine).status_code),
            ("no token", client.get(f"{tasks}/2").status_code),
            ("a stranger's list", client.get(f"/api/{stranger}/tasks/2", headers=mine).status_code),
            ("a broken token", client.get(f"{tasks}/2", headers={"Authorization": "Bearer a.b.c"}).status_code),
            ("a title too long", client.post(tasks, json={"title": "x" * 201}, headers=mine).status_code),
        ]


def comparable(task: dict[str, Any], new_user: str | None = None) -> dict[str, Any]:
    """Return the shared fields of the task; of a time, only whether it is set."""
    shared = {name: task[name] for name in _SHARED}
    own = {name: task[name] is not None for name in _OWN_TO_EACH_STORE}
    return shared | own | ({"user_id": task["user_id"] == new_user} if new_user else {})


def _comparable_page(page: dict[str, Any]) -> dict[str, Any]:
    # Each server has its own format of cursors.
    return {
        "tasks": [comparable(task) for task in page["tasks"]],
        "count": page["count"],
        "revision": page["revision"],
        "next_cursor": page["next_cursor"] is not None,
    }
