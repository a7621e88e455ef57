"""The workload: the requests of each connection, and their users."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any
from uuid import uuid4

from bench.tokens import Tokens

USERS = 100
"""The number of users in the filled database. Tasks of the last users are changed; the others are only read."""
_PATCHED_USERS = 32
PAGE = 20


@dataclass(frozen=True)
class Operation:
    """A common operation of clients; `requests` returns those of one connection."""

    name: str
    status: int
    requests: Callable[["Workload", int, int], Sequence[str]]


@dataclass(frozen=True)
class Workload:
    """Requests to a database of these users, each with the same number of tasks, numbered from 1."""

    tokens: Tokens
    users: Sequence[str]
    tasks_each: int

    def of(self, operation: Operation, connections: int) -> list[Sequence[str]]:
        """Return a list of requests for each connection."""
        return [operation.requests(self, index, connections) for index in range(connections)]

    def request(self, method: str, user: str, task_id: int | None = None, body: dict[str, Any] | None = None) -> str:
        """Return a request of a user for a task, or for their list; a GET of the list reads the first page."""
        path = f"/{task_id}" if task_id else f"?limit={PAGE}" if method == "GET" else ""
        return http_request(method, f"/api/{user}/tasks{path}", self.tokens.token(user), body)

    def seed(self, user: str, number: int) -> str:
        """Return the request that adds a user's task of this number."""
        return self.request("POST", user, body=example_task(number))

    def status_of(self, operation: "Operation") -> int:
        """Return the status of a successful response."""
        return operation.status

    def poster(self, index: int) -> str:  # noqa: ARG002
        """Return a new user for a connection's POSTs."""
        return f"poster-{uuid4().hex}"

    def get_tasks(self, index: int, connections: int) -> list[str]:
        """Get every task of a share of the users."""
        return [
            self.request("GET", user, task_id)
            for user in self._readers()[index::connections]
            for task_id in range(1, self.tasks_each + 1)
        ]

    def list_tasks(self, index: int, connections: int) -> list[str]:
        """List the first tasks of a share of the users."""
        return [self.request("GET", user) for user in self._readers()[index::connections]]

    def refused_posts(self, index: int, connections: int) -> list[str]:
        """Add tasks that break a rule of one field, so that no query reaches the database."""
        body = example_task(1) | {"title": ""}
        return [self.request("POST", user, body=body) for user in self.users[index::connections]]

    def post_tasks(self, index: int, connections: int) -> list[str]:  # noqa: ARG002
        """Add tasks to another user's list, so that no list that is read grows."""
        user = self.poster(index)
        return [self.request("POST", user, body=example_task(number)) for number in range(10)]

    def patch_tasks(self, index: int, connections: int) -> list[str]:  # noqa: ARG002
        """Change each task of a page between two titles, repeatedly; the first change happens in the warm-up."""
        user = self.users[-_PATCHED_USERS:][index % _PATCHED_USERS]
        titles = [f"Changed {uuid4().hex[:8]}" for _ in range(2)]
        return [
            self.request("PATCH", user, task_id, {"title": title})
            for title in titles
            for task_id in range(1, min(PAGE, self.tasks_each) + 1)
        ]

    def _readers(self) -> Sequence[str]:
        return self.users[:-_PATCHED_USERS]


CREATE = Operation("post", 201, Workload.post_tasks)
OPERATIONS = {
    operation.name: operation
    for operation in (
        Operation("get", 200, Workload.get_tasks),
        Operation("list", 200, Workload.list_tasks),
        CREATE,
        Operation("patch", 200, Workload.patch_tasks),
    )
}


def users() -> list[str]:
    """Return the users of the filled database."""
    return [f"user-{number:03}" for number in range(USERS)]


def seeding(workload: Workload, connections: int) -> list[list[str]]:
    """Return the requests that add every user's tasks, the users shared among connections."""
    of_users = [[workload.seed(user, number) for number in range(workload.tasks_each)] for user in workload.users]
    return [list(chain.from_iterable(of_users[index::connections])) for index in range(connections)]


def example_task(number: int) -> dict[str, Any]:
    """Return the body of a realistic task, with the fields that all servers have."""
    return {
        "title": f"Task {number} of the week, the one that was put off",
        "description": "Ask in the shop at the corner first: they had it last year." if number % 2 else None,
        "priority": ("low", "medium", "high")[number % 3],
        "due": {"date": "2026-12-01", "time": "17:00", "timezone": "Europe/Berlin"} if number % 2 else None,
        "tags": ["home", "shop"][: number % 3],
    }


def http_request(method: str, path: str, token: str | None = None, body: object = None) -> str:
    """Return an HTTP request for a kept-alive connection."""
    content = "" if body is None else json.dumps(body)
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: 127.0.0.1",
        *([f"Authorization: Bearer {token}"] if token else []),
        *(["Content-Type: application/json", f"Content-Length: {len(content)}"] if content else []),
    ]
    return "\r\n".join(lines) + "\r\n\r\n" + content
