"""Repeating a create with the same idempotency key creates no second task."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import httpx
import pytest

from tests.integration.api.problems import is_untouched, places, refusal
from tests.integration.server import Server, new_user

TASK = {"title": "a", "due": {"date": "2026-12-01"}, "tags": ["x", "y"]}


def create(client: httpx.Client, key: str = "k", body: Any = TASK, path: str = "/tasks") -> httpx.Response:
    return client.post(path, json=body, headers={"Idempotency-Key": key})


def titles(client: httpx.Client) -> list[str]:
    return [task["title"] for task in client.get("/tasks").json()["tasks"]]


def test_repeating_a_key_and_body_returns_the_first_response_and_creates_no_second_task(alice: httpx.Client) -> None:
    first = create(alice)

    again = create(alice)

    assert first.status_code == again.status_code == 201
    assert again.content == first.content
    assert (again.headers["ETag"], again.headers["Location"]) == (first.headers["ETag"], first.headers["Location"])
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert titles(alice) == ["a"]


def test_equivalent_bodies_count_as_the_same_request(alice: httpx.Client) -> None:
    first = create(alice)

    again = create(alice, body={"id": 7, "tags": [" x", "y"], "priority": "medium", **TASK, "title": " a "})

    assert again.content == first.content


@pytest.mark.parametrize("other", [{"title": "b"}, TASK | {"tags": ["y", "x"]}, TASK | {"complete": True}])
def test_the_same_key_with_another_body_is_a_conflict(alice: httpx.Client, other: Any) -> None:
    create(alice)

    response = create(alice, body=other)

    assert refusal(response) == (422, "IDEMPOTENCY_CONFLICT")
    assert titles(alice) == ["a"]


@pytest.mark.parametrize("path", ["/tasks", "/tasks/batch"])
def test_concurrent_requests_with_one_key_create_one_task_and_get_equal_responses(server: Server, path: str) -> None:
    user, count = new_user(), 8
    start = Barrier(count)
    body = TASK if path == "/tasks" else {"operations": [{"op": "create", "task": TASK}]}

    def create_at_once(_: int) -> httpx.Response:
        with server.client(user) as client:
            client.get("/tasks")
            start.wait()
            return create(client, body=body, path=path)

    with ThreadPoolExecutor(count) as pool:
        responses = list(pool.map(create_at_once, range(count)))

    assert len({(response.status_code, response.content) for response in responses}) == 1
    assert sum("Idempotency-Replayed" not in response.headers for response in responses) == 1
    with server.client(user) as client:
        assert titles(client) == ["a"]


def test_different_users_can_use_the_same_key(alice: httpx.Client, bob: httpx.Client) -> None:
    create(alice)

    response = create(bob, body={"title": "b"})

    assert response.status_code == 201
    assert titles(bob) == ["b"]


def test_different_keys_create_different_tasks(alice: httpx.Client) -> None:
    create(alice, "k")
    create(alice, "K")

    assert titles(alice) == ["a", "a"]


def test_a_replay_returns_the_first_response_after_the_task_has_changed(alice: httpx.Client) -> None:
    first = create(alice)
    alice.patch("/tasks/1", json={"title": "b"})

    again = create(alice)

    assert again.content == first.content
    assert titles(alice) == ["b"]


def test_a_replay_does_not_restore_a_deleted_task(alice: httpx.Client) -> None:
    first = create(alice)
    alice.delete("/tasks/1")

    again = create(alice)

    assert again.content == first.content
    assert titles(alice) == []


@pytest.mark.parametrize("key", ["!", "~" * 255, '"quoted"', "a,b"])
def test_a_key_has_1_to_255_visible_characters(alice: httpx.Client, key: str) -> None:
    create(alice, key)

    assert create(alice, key).headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize("path", ["/tasks", "/tasks/batch"])
@pytest.mark.parametrize("key", ["", "k" * 256, "a b", "a\tb", "\xe9", "\x80"])
def test_any_other_key_is_refused_and_the_header_named(alice: httpx.Client, key: str, path: str) -> None:
    body = TASK if path == "/tasks" else {"operations": [{"op": "create", "task": TASK}]}

    response = alice.post(path, json=body, headers=[(b"Idempotency-Key", key.encode("latin-1"))])

    assert refusal(response) == (422, "VALIDATION_ERROR")
    assert places(response) == [["header", "Idempotency-Key"]]
    assert is_untouched(alice)


def test_a_request_with_two_keys_is_refused(alice: httpx.Client) -> None:
    response = alice.post("/tasks", json=TASK, headers=[("Idempotency-Key", "k"), ("Idempotency-Key", "k")])

    assert places(response) == [["header", "Idempotency-Key"]]


def test_a_refused_request_does_not_use_up_its_key(alice: httpx.Client) -> None:
    create(alice, body={"title": ""})

    assert create(alice).status_code == 201
