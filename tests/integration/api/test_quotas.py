"""Quotas over HTTP: what exceeds one is refused with 403 or 429, and everything else still works."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.integration.api.problems import refusal
from tests.integration.server import Server, running_server, settings_for
from todo_api.container import Container

OPEN = {"title": "open"}
DONE = {"title": "done", "complete": True}
CREATE = {"op": "create", "task": OPEN}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with small quotas."""
    settings = settings_for(
        tmp_path_factory.mktemp("quotas") / "tasks.sqlite3",
        max_open_tasks=2,
        max_tasks=3,
        max_deletions=1,
        max_idempotency_keys=2,
    )
    with running_server(Container(settings=settings)) as running:
        yield running


@pytest.fixture
def alice(server: Server) -> Iterator[httpx.Client]:
    """A user with two open tasks and a completed one, so that both quotas are used up."""
    with server.client() as client:
        for task in (OPEN, OPEN, DONE):
            client.post("/tasks", json=task).raise_for_status()
        yield client


def test_a_task_above_a_quota_is_refused_and_the_detail_names_the_bound(alice: httpx.Client) -> None:
    before = alice.get("/changes").json()

    open_tasks = alice.post("/tasks", json=OPEN)
    tasks = alice.post("/tasks", json=DONE)

    assert refusal(open_tasks) == refusal(tasks) == (403, "QUOTA_EXCEEDED")
    assert open_tasks.json()["detail"] == "a user can have at most 2 open tasks"
    assert tasks.json()["detail"] == "a user can have at most 3 tasks"
    assert alice.get("/changes").json() == before


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "/tasks/3", {"complete": False}),
        ("PUT", "/tasks/3", {"title": "reopened", "complete": False}),
        ("POST", "/tasks/batch", {"operations": [{"op": "patch", "id": 3, "task": {"complete": False}}]}),
        ("POST", "/tasks/batch", {"operations": [CREATE]}),
    ],
)
def test_reopening_and_batches_are_refused_above_a_quota(
    alice: httpx.Client, method: str, path: str, body: dict[str, object]
) -> None:
    response = alice.request(method, path, json=body)

    assert refusal(response) == (403, "QUOTA_EXCEEDED")
    assert "errors" not in response.json()
    assert alice.get("/tasks/3").json()["complete"]


def test_a_full_list_can_still_be_read_edited_completed_and_cleared(alice: httpx.Client) -> None:
    exchange = {"operations": [CREATE, {"op": "delete", "id": 2}]}

    statuses = [
        alice.get("/tasks").status_code,
        alice.patch("/tasks/1", json={"title": "edited"}).status_code,
        alice.post("/tasks/batch", json=exchange).status_code,
        alice.patch("/tasks/1", json={"complete": True}).status_code,
        alice.delete("/tasks/3").status_code,
        alice.post("/tasks", json=OPEN).status_code,
    ]

    assert statuses == [200, 200, 200, 200, 204, 201]


def test_restoring_a_task_above_a_quota_is_refused(alice: httpx.Client) -> None:
    alice.delete("/tasks/1")
    alice.post("/tasks", json=OPEN).raise_for_status()

    refused = alice.post("/trash/1/restore")

    assert refusal(refused) == (403, "QUOTA_EXCEEDED")
    assert refused.json()["detail"] == "a user can have at most 2 open tasks"


def test_a_repeated_request_is_replayed_although_the_list_is_full(server: Server) -> None:
    with server.client() as client:
        first, again = (client.post("/tasks", json=OPEN, headers={"Idempotency-Key": f"{n // 2}"}) for n in range(2))
        for task in (OPEN, DONE):
            client.post("/tasks", json=task).raise_for_status()

        replayed = client.post("/tasks", json=OPEN, headers={"Idempotency-Key": "0"})

    assert [response.json() for response in (again, replayed)] == [first.json()] * 2
    assert (replayed.status_code, replayed.headers["Idempotency-Replayed"]) == (201, "true")


def test_a_request_with_a_key_above_their_number_must_wait(server: Server) -> None:
    with server.client() as client:
        for key in "ab":
            client.post("/tasks", json=DONE, headers={"Idempotency-Key": key}).raise_for_status()

        refused = client.post("/tasks", json=DONE, headers={"Idempotency-Key": "c"})
        batch = client.post("/tasks/batch", json={"operations": [CREATE]}, headers={"Idempotency-Key": "c"})
        without = client.post("/tasks", json=DONE)

    assert refusal(refused) == refusal(batch) == (429, "RATE_LIMITED")
    assert refused.headers["Retry-After"] == "3600"
    assert refused.json()["detail"] == "at most 2 operations with an idempotency key are remembered"
    assert without.status_code == 201


def test_the_feed_remembers_the_last_deletions_only(alice: httpx.Client) -> None:
    before = alice.get("/changes").json()["next"]
    alice.delete("/tasks/1")
    after_one = alice.get("/changes", params={"since": before})
    alice.delete("/tasks/2")

    assert after_one.json()["changes"] == [{"id": 1, "deleted": True, "revision": 4, "kind": "task"}]
    assert refusal(alice.get("/changes", params={"since": before})) == (410, "CURSOR_EXPIRED")


def test_the_trash_keeps_the_last_tasks_only(tmp_path: Path) -> None:
    container = Container(settings=settings_for(tmp_path / "tasks.sqlite3", max_trash=1))
    with running_server(container) as server, server.client() as client:
        for task_id in (1, 2):
            client.post("/tasks", json=OPEN).raise_for_status()
            client.delete(f"/tasks/{task_id}").raise_for_status()

        assert [task["id"] for task in client.get("/trash").json()["tasks"]] == [2]
