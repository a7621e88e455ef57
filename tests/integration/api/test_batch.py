"""Batches: all or nothing, one result for each operation."""

from typing import Any

import httpx
import pytest

CREATE = {"op": "create", "task": {"title": "a"}}


def apply(client: httpx.Client, *operations: dict[str, Any], **headers: str) -> httpx.Response:
    return client.post("/tasks/batch", json={"operations": operations}, headers=headers)


def titles(client: httpx.Client) -> list[str]:
    return [task["title"] for task in client.get("/tasks").json()["tasks"]]


def test_operations_are_done_in_order_and_each_has_a_result(alice: httpx.Client) -> None:
    alice.post("/tasks", json={"title": "old"})

    response = apply(
        alice,
        CREATE,
        {"op": "patch", "id": 2, "task": {"title": "b"}, "if_revision": 2},
        {"op": "patch", "id": 2, "task": {"title": "b"}},
        {"op": "delete", "id": 1, "if_revision": 1},
    )

    assert response.status_code == 200
    assert [(result["id"], result["revision"]) for result in response.json()["results"]] == [
        (2, 2),
        (2, 3),
        (2, 3),
        (1, 4),
    ]
    assert titles(alice) == ["b"]


@pytest.mark.parametrize(
    ("last", "status", "code"),
    [
        ({"op": "delete", "id": 9}, 404, "NOT_FOUND"),
        ({"op": "patch", "id": 1, "task": {"title": "x"}, "if_revision": 7}, 412, "PRECONDITION_FAILED"),
        ({"op": "patch", "id": 1, "task": {}}, 400, "VALIDATION_ERROR"),
    ],
)
def test_a_batch_that_fails_at_its_last_operation_changes_nothing(
    alice: httpx.Client, last: dict[str, Any], status: int, code: str
) -> None:
    alice.post("/tasks", json={"title": "old"})
    before = alice.get("/changes").json()

    response = apply(alice, CREATE, {"op": "delete", "id": 1} if status == 404 else CREATE, last)

    assert (response.status_code, response.json()["error_code"]) == (status, code)
    assert [error["loc"] for error in response.json()["errors"]] == [["body", "operations", 2]]
    assert alice.get("/changes").json() == before


def test_a_batch_that_is_repeated_with_its_key_is_done_once(alice: httpx.Client) -> None:
    first = apply(alice, CREATE, CREATE, **{"Idempotency-Key": "k"})
    alice.delete("/tasks/1")

    again = apply(alice, CREATE, CREATE, **{"Idempotency-Key": "k"})

    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert titles(alice) == ["a"]


def test_the_key_of_a_batch_cannot_be_used_for_a_task(alice: httpx.Client) -> None:
    apply(alice, CREATE, **{"Idempotency-Key": "k"})

    response = alice.post("/tasks", json={"title": "a"}, headers={"Idempotency-Key": "k"})

    assert (response.status_code, response.json()["error_code"]) == (422, "IDEMPOTENCY_CONFLICT")


def test_an_integer_may_be_sent_with_a_zero_fraction(alice: httpx.Client) -> None:
    alice.post("/tasks", json={"title": "old"})

    response = apply(alice, {"op": "delete", "id": 1.0, "if_revision": 1.0})

    assert response.json() == {"results": [{"id": 1, "revision": 2}]}


@pytest.mark.parametrize("count", [0, 101])
def test_a_batch_has_1_to_100_operations(alice: httpx.Client, count: int) -> None:
    response = apply(alice, *[CREATE] * count)

    assert response.status_code == 422
    assert [error["loc"] for error in response.json()["errors"]] == [["body", "operations"]]
    assert "100" in response.json()["detail"]
    assert titles(alice) == []


def test_a_batch_can_have_100_tasks_of_the_maximum_size(alice: httpx.Client) -> None:
    task = {"title": "t" * 200, "description": "d" * 1000, "tags": [f"{n:050}" for n in range(20)]}

    response = apply(alice, *[{"op": "create", "task": task}] * 100)

    assert response.status_code == 200
    assert response.json()["results"][-1] == {"id": 100, "revision": 100}


def test_a_checklist_that_is_too_large_for_a_body_fits_into_a_batch(alice: httpx.Client) -> None:
    items = [{"title": "\U0001f600" * 200, "complete": True}] * 100
    task = {"title": "\U0001f600" * 200, "description": "\U0001f600" * 1000, "checklist": items}

    alone = alice.post("/tasks", json=task)
    in_batch = apply(alice, {"op": "create", "task": task})

    assert (alone.status_code, in_batch.status_code) == (413, 200)
    assert alice.get("/tasks/1").json()["checklist"] == items


@pytest.mark.parametrize(
    ("operation", "place"),
    [
        ({"op": "move", "id": 1}, ["op"]),
        ({"id": 1}, ["op"]),
        (7, []),
        ({"op": "delete"}, ["id"]),
        ({"op": "delete", "id": 0}, ["id"]),
        ({"op": "delete", "id": 2**53}, ["id"]),
        ({"op": "delete", "id": "1"}, ["id"]),
        ({"op": "delete", "id": 1.5}, ["id"]),
        ({"op": "delete", "id": 1e300}, ["id"]),
        ({"op": "delete", "id": True}, ["id"]),
        ({"op": "delete", "id": 1, "if_revision": 0}, ["if_revision"]),
        ({"op": "delete", "id": 1, "unless": True}, ["unless"]),
        ({"op": "create", "task": {"title": ""}}, ["task", "title"]),
        ({"op": "create", "task": {"title": "a", "tags": ["", "b"]}}, ["task", "tags", 0]),
        ({"op": "patch", "id": 1, "task": {"title": ""}}, ["task", "title"]),
        ({"op": "patch", "id": 1, "task": {"completed": True}}, ["task", "completed"]),
        ({"op": "patch", "id": 1, "task": {"due": {"date": "2026-02-30"}}}, ["task", "due", "date"]),
    ],
)
def test_a_malformed_operation_is_refused_and_located(alice: httpx.Client, operation: Any, place: list[Any]) -> None:
    response = apply(alice, CREATE, operation)

    assert response.status_code == 422
    assert [error["loc"] for error in response.json()["errors"]] == [["body", "operations", 1, *place]]
    assert "move" not in response.text
    assert titles(alice) == []
