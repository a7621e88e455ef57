"""Creating a task can be tried again without fear of a second one."""

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


def test_the_same_key_and_body_give_the_first_answer_and_no_second_task(alice: httpx.Client) -> None:
    first = create(alice)

    again = create(alice)

    assert first.status_code == again.status_code == 201
    assert again.content == first.content
    assert (again.headers["ETag"], again.headers["Location"]) == (first.headers["ETag"], first.headers["Location"])
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert titles(alice) == ["a"]


def test_bodies_that_mean_the_same_are_the_same(alice: httpx.Client) -> None:
    first = create(alice)

    again = create(alice, body={"id": 7, "tags": [" x", "y"], "priority": "medium", **TASK, "title": " a "})

    assert again.content == first.content


@pytest.mark.parametrize("other", [{"title": "b"}, TASK | {"tags": ["y", "x"]}, TASK | {"complete": True}])
def test_the_same_key_with_another_body_is_a_conflict(alice: httpx.Client, other: Any) -> None:
    create(alice)

    answer = create(alice, body=other)

    assert refusal(answer) == (422, "IDEMPOTENCY_CONFLICT")
    assert titles(alice) == ["a"]


@pytest.mark.parametrize("path", ["/tasks", "/tasks/batch"])
def test_two_at_once_make_one_task_and_get_equal_answers(server: Server, path: str) -> None:
    user, count = new_user(), 8
    start = Barrier(count)
    body = TASK if path == "/tasks" else {"operations": [{"op": "create", "task": TASK}]}

    def create_at_once(_: int) -> httpx.Response:
        with server.client(user) as client:
            client.get("/tasks")
            start.wait()
            return create(client, body=body, path=path)

    with ThreadPoolExecutor(count) as pool:
        answers = list(pool.map(create_at_once, range(count)))

    assert len({(answer.status_code, answer.content) for answer in answers}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
    with server.client(user) as client:
        assert titles(client) == ["a"]


def test_keys_of_different_users_are_different(alice: httpx.Client, bob: httpx.Client) -> None:
    create(alice)

    answer = create(bob, body={"title": "b"})

    assert answer.status_code == 201
    assert titles(bob) == ["b"]


def test_different_keys_make_different_tasks(alice: httpx.Client) -> None:
    create(alice, "k")
    create(alice, "K")

    assert titles(alice) == ["a", "a"]


def test_a_replay_gives_the_first_answer_after_the_task_was_changed(alice: httpx.Client) -> None:
    first = create(alice)
    alice.patch("/tasks/1", json={"title": "b"})

    again = create(alice)

    assert again.content == first.content
    assert titles(alice) == ["b"]


def test_a_replay_does_not_bring_a_removed_task_back(alice: httpx.Client) -> None:
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
def test_any_other_key_is_refused_by_name(alice: httpx.Client, key: str, path: str) -> None:
    body = TASK if path == "/tasks" else {"operations": [{"op": "create", "task": TASK}]}

    answer = alice.post(path, json=body, headers=[(b"Idempotency-Key", key.encode("latin-1"))])

    assert refusal(answer) == (422, "VALIDATION_ERROR")
    assert places(answer) == [["header", "Idempotency-Key"]]
    assert is_untouched(alice)


def test_two_keys_are_none(alice: httpx.Client) -> None:
    answer = alice.post("/tasks", json=TASK, headers=[("Idempotency-Key", "k"), ("Idempotency-Key", "k")])

    assert places(answer) == [["header", "Idempotency-Key"]]


def test_a_request_that_was_refused_does_not_use_its_key_up(alice: httpx.Client) -> None:
    create(alice, body={"title": ""})

    assert create(alice).status_code == 201
