"""A local copy of one user's tasks that stays in step with the server, and can be edited offline.

python examples/sync_client.py http://127.0.0.1:8000/api/alice "$(todo-api token --user alice)"
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

Task = dict[str, Any]
REFUSED = {400, 404, 412, 422}
"""What is answered to an edit that can't be done, however often it is sent."""


@dataclass
class Edit:
    """A write that was made here and is not yet known to be done there.

    It is sent as a batch of one with a key, and so can be sent again until an answer comes.
    """

    operation: dict[str, Any]
    key: str = field(default_factory=lambda: str(uuid4()))


class SyncedTasks:
    """The tasks as the server last told, the edits it has not been told of, and those that it refused."""

    def __init__(self, client: httpx.Client) -> None:
        self.tasks: dict[int, Task] = {}
        self.outbox: list[Edit] = []
        self.conflicts: list[Edit] = []
        self._client = client
        self._token: str | None = None

    def create(self, **fields: Any) -> None:
        """Note a new task; the server gives it an id."""
        self.outbox.append(Edit({"op": "create", "task": fields}))

    def change(self, task_id: int, **fields: Any) -> None:
        """Note a change of a task as it is known here."""
        self.outbox.append(Edit({"op": "patch", "task": fields, **self._as_known(task_id)}))

    def remove(self, task_id: int) -> None:
        """Note that a task as it is known here shall go."""
        self.outbox.append(Edit({"op": "delete", **self._as_known(task_id)}))

    def sync(self) -> None:
        """Tell the server what happened here, then learn what happened there.

        Raises httpx.TransportError when it can't be reached; what was not told stays in the outbox.
        """
        while self.outbox:
            self._send(self.outbox[0])
            del self.outbox[0]
        self._pull()

    def follow(self) -> Iterator[int]:
        """Take in changes as they happen, and yield the id of each task; ends when the connection does."""
        headers = {"Last-Event-ID": self._token} if self._token else {}
        with self._client.stream("GET", "/changes/stream", headers=headers, timeout=60) as events:
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
                    yield change["id"]

    def _send(self, edit: Edit) -> None:
        body, headers = {"operations": [edit.operation]}, {"Idempotency-Key": edit.key}
        answer = self._client.post("/tasks/batch", json=body, headers=headers)
        if answer.status_code in REFUSED:
            self.conflicts.append(edit)
            return
        (result,) = answer.raise_for_status().json()["results"]
        # What was edited here on top of this edit now expects what this edit made.
        for later in self.outbox[1:]:
            if later.operation.get("id") == result["id"]:
                later.operation["if_revision"] = result["revision"]

    def _pull(self) -> None:
        has_more = True
        while has_more:
            since = {"since": self._token} if self._token else {}
            answer = self._client.get("/changes", params=since)
            if answer.status_code == httpx.codes.GONE:
                self._start_over()
                continue
            page = answer.raise_for_status().json()
            for change in page["changes"]:
                self._take(change)
            self._token, has_more = page["next"], page["has_more"]

    def _start_over(self) -> None:
        self.tasks.clear()
        self._token = None

    def _take(self, change: Task) -> None:
        if change.get("deleted"):
            self.tasks.pop(change["id"], None)
        else:
            self.tasks[change["id"]] = change

    def _as_known(self, task_id: int) -> dict[str, int]:
        return {"id": task_id, "if_revision": self.tasks[task_id]["revision"]}


if __name__ == "__main__":
    url, token = sys.argv[1:]
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}) as client:
        synced = SyncedTasks(client)
        synced.sync()
        print(*(f"{task['id']}: {task['title']}" for task in synced.tasks.values()), sep="\n")
        for task_id in synced.follow():
            print("changed:", synced.tasks.get(task_id, task_id))
