"""The six endpoints of tasks, as a client uses them."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tests.integration.api.problems import places, refusal
from tests.integration.server import Server, new_user

FULL = {
    "title": "Buy milk",
    "description": "two\nbottles\t",
    "complete": True,
    "priority": "high",
    "due": {"date": "2026-12-01", "time": "17:00", "timezone": "Europe/Berlin"},
    "tags": ["shop", "Food"],
}
BODY = {"title": "b", "complete": False}
DEFAULTS: dict[str, Any] = {"description": None, "complete": False, "priority": "medium", "due": None, "tags": []}


def create(client: httpx.Client, **fields: Any) -> Any:
    response = client.post("/tasks", json={"title": "a", **fields})
    assert response.status_code == 201, response.text
    return response.json()


def test_a_created_task_can_be_read_at_its_location(alice: httpx.Client) -> None:
    created = alice.post("/tasks", json={"title": " Buy milk "})

    found = alice.get(created.url.join(created.headers["Location"]))
    assert created.status_code == 201
    assert created.json() == found.json()
    assert created.headers["ETag"] == found.headers["ETag"] == '"1"'
    assert created.json()["title"] == "Buy milk"


@pytest.mark.parametrize("user", ["a|b", "a:b@c", "google-oauth2|1.2_3"])
def test_a_location_can_be_followed_for_every_form_of_user_id(server: Server, user: str) -> None:
    user = f"{user}-{new_user()}"
    with server.client(user) as client:
        created = client.post("/tasks", json={"title": "a"})

        assert created.headers["Location"] == "tasks/1"
        assert client.get(created.url.join(created.headers["Location"])).json() == created.json()


def test_a_task_created_with_only_a_title_has_the_defaults(alice: httpx.Client) -> None:
    task = create(alice)

    assert {name: task[name] for name in DEFAULTS} == DEFAULTS
    assert (task["id"], task["revision"], task["user_id"]) == (1, 1, str(alice.base_url).split("/")[-2])
    assert task["completed_at"] is None
    assert task["created_at"] == task["updated_at"]


def test_a_task_is_stored_as_it_was_sent(alice: httpx.Client) -> None:
    task = create(alice, **FULL)

    assert {name: task[name] for name in FULL} == FULL
    assert task["completed_at"] == task["created_at"]


def test_times_are_utc_to_the_microsecond(alice: httpx.Client) -> None:
    before = datetime.now(UTC)

    created_at = create(alice)["created_at"]

    assert created_at.endswith("Z")
    assert before <= datetime.fromisoformat(created_at) <= datetime.now(UTC)


def test_ids_are_consecutive_and_never_reused(alice: httpx.Client) -> None:
    for _ in range(3):
        create(alice)
    alice.delete("/tasks/3")

    assert create(alice)["id"] == 4


def test_a_put_changes_the_fields_it_names_and_keeps_every_other_field(alice: httpx.Client) -> None:
    task = create(alice, **FULL)

    updated = alice.put("/tasks/1", json={"title": "b", "complete": True, "description": None})

    assert updated.status_code == 200
    assert updated.json() == task | {
        "title": "b",
        "description": None,
        "revision": 2,
        "updated_at": updated.json()["updated_at"],
    }
    assert updated.headers["ETag"] == '"2"'
    assert alice.get("/tasks/1").json() == updated.json()


def test_a_put_replaces_all_parts_of_a_due(alice: httpx.Client) -> None:
    create(alice, **FULL)

    updated = alice.put("/tasks/1", json={"title": "a", "complete": False, "due": {"date": "2027-01-01"}})

    assert updated.json()["due"] == {"date": "2027-01-01", "time": None, "timezone": None}


@pytest.mark.parametrize("missing", ["title", "complete"])
def test_a_put_without_title_or_complete_is_refused_and_the_field_named(alice: httpx.Client, missing: str) -> None:
    create(alice, **FULL)
    body = {name: value for name, value in FULL.items() if name != missing}

    response = alice.put("/tasks/1", json=body)

    assert refusal(response) == (422, "VALIDATION_ERROR")
    assert places(response) == [["body", missing]]
    assert alice.get("/tasks/1").json()["revision"] == 1


@pytest.mark.parametrize("field", ["description", "due"])
def test_null_in_a_put_clears_a_field(alice: httpx.Client, field: str) -> None:
    create(alice, **FULL)

    assert alice.put("/tasks/1", json={"title": "a", "complete": True, field: None}).json()[field] is None


def test_a_put_never_creates_a_task(alice: httpx.Client) -> None:
    response = alice.put("/tasks/1", json={"title": "b", "complete": False})

    assert refusal(response) == (404, "NOT_FOUND")
    assert alice.get("/tasks").json()["tasks"] == []


@pytest.mark.parametrize("media_type", ["application/json", "application/merge-patch+json"])
def test_a_patch_changes_only_the_fields_it_names(alice: httpx.Client, media_type: str) -> None:
    task = create(alice, **FULL)

    patched = alice.patch("/tasks/1", content=b'{"title": "b"}', headers={"Content-Type": media_type})

    assert patched.status_code == 200
    assert patched.json() == task | {"title": "b", "revision": 2, "updated_at": patched.json()["updated_at"]}
    assert patched.headers["ETag"] == '"2"'
    assert alice.get("/tasks/1").json() == patched.json()


@pytest.mark.parametrize("field", ["description", "due"])
def test_null_in_a_patch_clears_a_field(alice: httpx.Client, field: str) -> None:
    create(alice, **FULL)

    assert alice.patch("/tasks/1", json={field: None}).json()[field] is None


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"time": "18:00"}, {"date": "2026-12-01", "time": "18:00", "timezone": "Europe/Berlin"}),
        ({"time": None, "timezone": None}, {"date": "2026-12-01", "time": None, "timezone": None}),
        ({}, FULL["due"]),
    ],
)
def test_a_patch_of_a_due_changes_the_parts_it_names(
    alice: httpx.Client, parts: dict[str, Any], expected: dict[str, Any]
) -> None:
    create(alice, **FULL)
    create(alice, **FULL)

    patched = alice.patch("/tasks/1", json={"due": parts})
    applied = alice.post("/tasks/batch", json={"operations": [{"op": "patch", "id": 2, "task": {"due": parts}}]})

    assert (patched.status_code, applied.status_code) == (200, 200)
    assert [task["due"] for task in alice.get("/tasks").json()["tasks"]] == [expected, expected]


def test_completing_sets_completed_at_once_and_reopening_clears_it(alice: httpx.Client) -> None:
    create(alice)

    completed = alice.patch("/tasks/1", json={"complete": True}).json()
    again = alice.patch("/tasks/1", json={"complete": True, "title": "b"}).json()
    reopened = alice.patch("/tasks/1", json={"complete": False}).json()

    assert completed["completed_at"] == completed["updated_at"]
    assert again["completed_at"] == completed["completed_at"] < again["updated_at"]
    assert reopened["completed_at"] is None
    assert reopened["complete"] is False


@pytest.mark.parametrize(
    ("method", "body"),
    [("PATCH", {"title": " a "}), ("PATCH", {"due": None, "tags": []}), ("PUT", {"title": "a", "complete": False})],
)
def test_a_change_that_alters_nothing_keeps_revision_and_updated_at(
    alice: httpx.Client, method: str, body: Any
) -> None:
    task = create(alice)

    response = alice.request(method, "/tasks/1", json=body)

    assert response.json() == task
    assert response.headers["ETag"] == '"1"'
    assert alice.get("/tasks").json()["revision"] == 1


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_task_that_was_read_may_be_sent_back(alice: httpx.Client, method: str) -> None:
    task = create(alice, **FULL)

    response = alice.request(method, "/tasks/1", json=task)

    assert response.status_code == 200
    assert response.json() == task


def test_read_only_fields_of_a_request_are_ignored(alice: httpx.Client) -> None:
    lies = {"id": 7, "user_id": "bob", "completed_at": "x", "created_at": 1, "updated_at": None, "revision": []}

    task = create(alice, **lies)

    assert (task["id"], task["revision"], task["completed_at"]) == (1, 1, None)


def test_a_deleted_task_is_not_found_by_any_method(alice: httpx.Client) -> None:
    create(alice)

    deleted = alice.delete("/tasks/1")

    assert (deleted.status_code, deleted.content) == (204, b"")
    for method, body in [("GET", None), ("DELETE", None), ("PUT", BODY), ("PATCH", BODY)]:
        assert refusal(alice.request(method, "/tasks/1", json=body)) == (404, "NOT_FOUND")
    assert alice.get("/tasks").json() == {"tasks": [], "count": 0, "next_cursor": None, "revision": 2}


def test_tags_that_differ_only_in_case_are_stored_once(alice: httpx.Client) -> None:
    assert create(alice, tags=["b", " Shop", "shop ", "SHOP"])["tags"] == ["b", "Shop"]


def test_a_checklist_is_replaced_as_a_whole_and_kept_where_it_is_absent(alice: httpx.Client) -> None:
    first, second = {"title": "Bread", "complete": True}, {"title": "Butter", "complete": False}

    created = create(alice, checklist=[{"title": " Bread ", "complete": True}, {"title": "Butter"}])
    kept = alice.put("/tasks/1", json={"title": "a", "complete": False}).json()
    replaced = alice.patch("/tasks/1", json={"checklist": [second]}).json()
    emptied = alice.patch("/tasks/1", json={"checklist": []}).json()

    assert created["checklist"] == kept["checklist"] == [first, second]
    assert replaced["checklist"] == [second]
    assert emptied["checklist"] == []


def test_a_body_has_room_for_100_items_of_200_ascii_characters(alice: httpx.Client) -> None:
    items = [{"title": "a" * 200, "complete": True}] * 100

    assert create(alice, checklist=items)["checklist"] == items


def test_a_list_counts_the_tasks_of_its_page(alice: httpx.Client) -> None:
    tasks = [create(alice) for _ in range(3)]

    assert alice.get("/tasks").json() == {"tasks": tasks, "count": 3, "next_cursor": None, "revision": 3}


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_a_task_of_another_user_is_forbidden_whether_it_exists_or_not(
    alice: httpx.Client, bob: httpx.Client, method: str
) -> None:
    create(bob)
    body = {"title": "mine", "complete": False} if method in {"PUT", "PATCH"} else None

    responses = [alice.request(method, str(bob.base_url.join(f"tasks/{n}")), json=body) for n in (1, 2)]

    assert [refusal(response) for response in responses] == [(403, "AUTH_FORBIDDEN")] * 2
    assert bob.get("/tasks/1").json()["title"] == "a"
