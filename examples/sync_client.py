"""A local copy of one user's tasks and projects that can be edited offline and synchronized with the server.

python examples/sync_client.py http://127.0.0.1:8000/api/alice "$(todo-api token --user alice)"
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

Task = Project = dict[str, Any]
KINDS = {"kinds": "task,project"}
REFUSED = {400, 404, 412, 422}
"""The statuses of an edit that the server refuses, and would refuse again."""


@dataclass
class Edit:
    """A local write that the server has not confirmed.

    It is sent as a batch of one operation with an idempotency key, so it is safe to
    repeat until there is a response.
    """

    operation: dict[str, Any]
    key: str = field(default_factory=lambda: str(uuid4()))

    @property
    def is_of_project(self) -> bool:
        """Whether the id is that of a project."""
        return str(self.operation["op"]).endswith("_project")


class SyncedTasks:
    """Tasks and projects as last read from the server, the edits to send, and those that the server refused."""

    def __init__(self, client: httpx.Client) -> None:
        self.tasks: dict[int, Task] = {}
        self.projects: dict[int, Project] = {}
        self.outbox: list[Edit] = []
        self.conflicts: list[Edit] = []
        self._client = client
        self._token: str | None = None

    def create(self, **fields: Any) -> None:
        """Queue a new task; the server assigns its id."""
        self.outbox.append(Edit({"op": "create", "task": fields}))

    def change(self, task_id: int, **fields: Any) -> None:
        """Queue a change of a task, with its local revision as precondition."""
        self.outbox.append(Edit({"op": "patch", "task": fields, **self._as_known(task_id)}))

    def remove(self, task_id: int) -> None:
        """Queue the removal of a task, with its local revision as precondition."""
        self.outbox.append(Edit({"op": "delete", **self._as_known(task_id)}))

    def sync(self) -> None:
        """Send the queued edits, then read the changes.

        Raises httpx.TransportError if the server can't be reached; unsent edits stay in the outbox.
        """
        while self.outbox:
            self._send(self.outbox[0])
            del self.outbox[0]
        self._pull()

    def follow(self) -> Iterator[dict[str, Any]]:
        """Apply changes as they happen, and yield each, until the connection ends."""
        headers = {"Last-Event-ID": self._token} if self._token else {}
        with self._client.stream("GET", "/changes/stream", params=KINDS, headers=headers, timeout=60) as events:
            if events.status_code == httpx.codes.GONE:
                return self._start_over()
            events.raise_for_status()
            token = None
            for line in events.iter_lines():
                name, _, value = line.partition(": ")
                if name == "id":
                    token = value
                elif name == "data":
                    change = json.loads(value)
                    self._take(change)
                    self._token = token
                    yield change

    def _send(self, edit: Edit) -> None:
        body, headers = {"operations": [edit.operation]}, {"Idempotency-Key": edit.key}
        response = self._client.post("/tasks/batch", json=body, headers=headers)
        if response.status_code in REFUSED:
            self.conflicts.append(edit)
            return
        (result,) = response.raise_for_status().json()["results"]
        # Later local edits of this task or project now expect the revision that this edit produced.
        for later in self.outbox[1:]:
            if later.operation.get("id") == result["id"] and later.is_of_project == edit.is_of_project:
                later.operation["if_revision"] = result["revision"]

    def _pull(self) -> None:
        has_more = True
        while has_more:
            since = {"since": self._token} if self._token else {}
            response = self._client.get("/changes", params=KINDS | since)
            if response.status_code == httpx.codes.GONE:
                self._start_over()
                continue
            page = response.raise_for_status().json()
            for change in page["changes"]:
                self._take(change)
            self._token, has_more = page["next"], page["has_more"]

    def _start_over(self) -> None:
        self.tasks.clear()
        self.projects.clear()
        self._token = None

    def _take(self, change: dict[str, Any]) -> None:
        # A task and a project can have the same id.
        known = self.tasks if change["kind"] == "task" else self.projects
        if change.get("deleted"):
            known.pop(change["id"], None)
        else:
            known[change["id"]] = change

    def _as_known(self, task_id: int) -> dict[str, int]:
        return {"id": task_id, "if_revision": self.tasks[task_id]["revision"]}


if __name__ == "__main__":
    url, token = sys.argv[1:]
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}) as client:
        synced = SyncedTasks(client)
        synced.sync()
        print(*(f"{task['id']}: {task['title']}" for task in synced.tasks.values()), sep="\n")
        for change in synced.follow():
            print("changed:", change)
