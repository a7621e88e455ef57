"""A client that writes all the time, and knows its list at every revision."""

import asyncio
import json
import time
from collections import deque
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from bench.load import body_of, response_to
from bench.tokens import Issuer
from bench.workload import example_task, http_request

_OPEN_TASKS = 100
_PAUSE_SECONDS = 0.005
"""Between the writes of a client, so that the other processes have time."""


@dataclass
class Client:
    """A client that writes all the time, and its acknowledged writes: the id and state of a task, by revision."""

    user: str
    port: int
    tokens: Issuer
    writes: list[tuple[int, dict[str, Any] | None]] = field(default_factory=list)
    ids: deque[int] = field(default_factory=deque)
    longest_seconds: float = 0.0

    async def run(self) -> None:
        """Create, change and delete tasks until it is cancelled."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        with closing(writer):
            for number in count(1):
                begun = time.perf_counter()
                response = await response_to(reader, writer, self._request(number))
                self.longest_seconds = max(self.longest_seconds, time.perf_counter() - begun)
                assert response[9] == ord("2"), response
                if body := body_of(response):
                    task = json.loads(body)
                    self.writes.append((task["id"], task))
                    assert task["revision"] == len(self.writes)
                    if response[9:12] == b"201":
                        self.ids.append(task["id"])
                else:
                    self.writes.append((self.ids.popleft(), None))
                await asyncio.sleep(_PAUSE_SECONDS)

    def _request(self, number: int) -> str:
        """Delete the oldest task if there are enough, or change the newest one, or create one."""
        path, token = f"/api/{self.user}/tasks", self.tokens.token(self.user)
        if len(self.ids) > _OPEN_TASKS:
            return http_request("DELETE", f"{path}/{self.ids[0]}", token)
        if number % 3 == 0:
            return http_request("PATCH", f"{path}/{self.ids[-1]}", token, {"title": f"Changed {number}"})
        return http_request("POST", path, token, example_task(number))

    def tasks_at(self, revision: int) -> list[dict[str, Any]]:
        """Return the list as it was at a revision."""
        tasks: dict[int, dict[str, Any]] = {}
        for task_id, task in self.writes[:revision]:
            tasks.pop(task_id, None)
            if task:
                tasks[task_id] = task
        return sorted(tasks.values(), key=lambda task: int(task["id"]))
