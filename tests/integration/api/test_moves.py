"""Order by hand: `move` in bodies, `position` in responses."""

from typing import Any

import httpx
import pytest

from tests.integration.api.problems import is_untouched, places, refusal

FORM = 'must be "first", "last", {"after": 12} or {"before": 12}'
WHOLE = "must be a whole number from 1 to 9007199254740991"


def add(client: httpx.Client, titles: str = "abc") -> list[dict[str, Any]]:
    return [client.post("/tasks", json={"title": title}).json() for title in titles]


def in_order(client: httpx.Client, sort: str = "position") -> list[int]:
    return [task["id"] for task in client.get("/tasks", params={"sort": sort}).json()["tasks"]]


@pytest.mark.parametrize(
    ("move", "order"),
    [
        ("first", [2, 1, 3]),
        ("last", [1, 3, 2]),
        ({"after": 3}, [1, 3, 2]),
        ({"after": 3.0}, [1, 3, 2]),
        ({"before": 1}, [2, 1, 3]),
    ],
)
def test_a_patch_may_have_a_move_alone(alice: httpx.Client, move: Any, order: list[int]) -> None:
    _, second, _ = add(alice)

    response = alice.patch("/tasks/2", json={"move": move}, headers={"If-Match": '"2"'})

    assert response.json() == second | {
        "position": response.json()["position"],
        "revision": 4,
        "updated_at": response.json()["updated_at"],
    }
    assert response.headers["ETag"] == '"4"'
    assert in_order(alice) == order
    assert in_order(alice, "-position") == order[::-1]


def test_every_write_of_a_task_may_have_a_move(alice: httpx.Client) -> None:
    add(alice)
    create = {"op": "create", "task": {"title": "e", "move": {"before": 4}}}
    patch = {"op": "patch", "id": 5, "task": {"title": "E", "move": "first"}}

    created = alice.post("/tasks", json={"title": "d", "move": "first"})
    replaced = alice.put("/tasks/2", json={"title": "B", "complete": True, "move": "first"})
    applied = alice.post("/tasks/batch", json={"operations": [create, patch]})

    assert (created.status_code, created.json()["id"], created.json()["revision"]) == (201, 4, 4)
    assert created.json() == alice.get("/tasks/4").json()
    assert (replaced.json()["title"], replaced.json()["complete"], replaced.json()["revision"]) == ("B", True, 5)
    assert [result["revision"] for result in applied.json()["results"]] == [6, 7]
    assert in_order(alice) == [5, 2, 4, 1, 3]


def test_a_task_is_after_all_others_by_default_and_its_position_is_read_only(alice: httpx.Client) -> None:
    first, second = add(alice, "ab")

    third = alice.post("/tasks", json={"title": "c", "position": "0"}).json()
    patched = alice.patch("/tasks/3", json={"title": "C", "position": first["position"]}).json()

    assert first["position"] < second["position"] < third["position"] == patched["position"]
    assert alice.patch("/tasks/3", json={"position": "V"}).status_code == 400
    assert in_order(alice) == [1, 2, 3]


@pytest.mark.parametrize(
    ("move", "place", "message"),
    [
        (None, [], FORM),
        (True, [], FORM),
        (12, [], FORM),
        ("middle", [], FORM),
        ([], [], FORM),
        ({}, [], FORM),
        ({"after": 1, "before": 2}, [], "must have only one of after and before"),
        ({"after": None}, ["after"], WHOLE),
        ({"after": "1"}, ["after"], WHOLE),
        ({"after": 1.5}, ["after"], WHOLE),
        ({"before": 0}, ["before"], WHOLE),
        ({"before": True}, ["before"], WHOLE),
        ({"first": True}, ["first"], "is not a field here"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "batch"])
def test_a_malformed_move_is_one_fault_that_names_its_place(
    alice: httpx.Client, method: str, move: Any, place: list[str], message: str
) -> None:
    body: Any = {"title": "a", "complete": False, "move": move}
    start: list[str | int] = ["body"]
    if method == "batch":
        body = {"operations": [{"op": "create", "task": body}]}
        start = ["body", "operations", 0, "task"]

    path = {"POST": "/tasks", "batch": "/tasks/batch"}.get(method, "/tasks/1")
    response = alice.request("POST" if method == "batch" else method, path, json=body)

    assert refusal(response) == (422, "VALIDATION_ERROR")
    assert places(response) == [[*start, "move", *place]]
    assert response.json()["errors"][0]["msg"] == message
    assert is_untouched(alice)


def test_a_malformed_move_is_reported_with_the_other_faults(alice: httpx.Client) -> None:
    response = alice.post("/tasks", json={"title": "", "move": {"after": 0}})

    assert places(response) == [["body", "move", "after"], ["body", "title"]]


@pytest.mark.parametrize("name", ["after", "before"])
@pytest.mark.parametrize("anchor", [1, 2, 3, 9])
def test_an_anchor_that_is_not_another_task_of_the_list_is_refused(
    alice: httpx.Client, bob: httpx.Client, name: str, anchor: int
) -> None:
    add(alice, "ab")
    add(bob, "abc")
    alice.delete("/tasks/2")
    before = alice.get("/changes").json()

    patch = {"op": "patch", "id": 1, "task": {"move": {name: anchor}}}
    responses = {
        ("body",): alice.patch("/tasks/1", json={"move": {name: anchor}}),
        ("body", "operations", 0, "task"): alice.post("/tasks/batch", json={"operations": [patch]}),
    }

    for place, response in responses.items():
        assert refusal(response) == (422, "VALIDATION_ERROR")
        assert places(response) == [[*place, "move", name]]
        assert response.json()["errors"][0]["type"] == "unknown_anchor"
    assert alice.get("/changes").json() == before


def test_a_move_is_refused_like_any_change(alice: httpx.Client) -> None:
    add(alice)

    missing = alice.patch("/tasks/9", json={"move": "first"})
    changed = alice.patch("/tasks/3", json={"move": "first"}, headers={"If-Match": '"2"'})

    assert refusal(missing) == (404, "NOT_FOUND")
    assert refusal(changed) == (412, "PRECONDITION_FAILED")
    assert changed.headers["ETag"] == '"3"'
    assert in_order(alice) == [1, 2, 3]


def test_a_repeated_post_with_a_move_returns_the_first_response(alice: httpx.Client) -> None:
    add(alice)
    body = {"title": "d", "move": {"after": 1}}
    first = alice.post("/tasks", json=body, headers={"Idempotency-Key": "k"})
    alice.patch("/tasks/4", json={"move": "last"})

    again = alice.post("/tasks", json=body, headers={"Idempotency-Key": "k"})
    other = alice.post("/tasks", json={"title": "d"}, headers={"Idempotency-Key": "k"})

    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert (again.content, again.headers["ETag"]) == (first.content, first.headers["ETag"])
    assert refusal(other) == (422, "IDEMPOTENCY_CONFLICT")
    assert in_order(alice) == [1, 2, 3, 4]


def test_pages_in_the_order_by_hand_follow_each_other(alice: httpx.Client) -> None:
    add(alice)
    alice.patch("/tasks/3", json={"move": {"after": 1}})
    query = {"sort": "position", "limit": "2"}

    page = alice.get("/tasks", params=query).json()
    rest = alice.get("/tasks", params=query | {"cursor": page["next_cursor"]}).json()

    assert [task["id"] for task in page["tasks"] + rest["tasks"]] == [1, 3, 2]
    assert rest["next_cursor"] is None
