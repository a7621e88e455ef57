"""Tasks in projects over HTTP: put in, filtered, deleted and restored with their project."""

from typing import Any

import httpx
import pytest

from tests.integration.api.problems import is_untouched, places, refusal
from tests.integration.api.test_projects import create
from todo_api.schemas.batches import BatchRequest, BatchResponse


def add(client: httpx.Client, title: str = "a", **fields: Any) -> dict[str, Any]:
    response = client.post("/tasks", json={"title": title, **fields})
    assert response.status_code == 201, response.text
    task: dict[str, Any] = response.json()
    return task


def apply(client: httpx.Client, *operations: dict[str, Any], key: str = "k") -> httpx.Response:
    return client.post("/tasks/batch", json={"operations": operations}, headers={"Idempotency-Key": key})


def titles(client: httpx.Client, **query: Any) -> list[str]:
    return [task["title"] for task in client.get("/tasks", params=query).json()["tasks"]]


def test_a_task_is_put_into_a_project_and_taken_out(alice: httpx.Client) -> None:
    create(alice)
    first, second = add(alice, "a", project_id=1), add(alice, "b")

    patched = alice.patch("/tasks/2", json={"project_id": 1}).json()
    again = alice.patch("/tasks/2", json={"project_id": 1}).json()
    cleared = alice.put("/tasks/1", json={"title": "a", "complete": False, "project_id": None}).json()

    assert (first["project_id"], second["project_id"], patched["project_id"]) == (1, None, 1)
    assert again == patched
    assert cleared["project_id"] is None
    assert alice.get("/tasks/2").json() == patched


def test_a_creation_in_a_project_is_repeated_by_its_key(alice: httpx.Client) -> None:
    create(alice)
    headers = {"Idempotency-Key": "k"}

    first = alice.post("/tasks", json={"title": "a", "project_id": 1}, headers=headers)
    again = alice.post("/tasks", json={"title": "a", "project_id": 1}, headers=headers)

    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    assert titles(alice) == ["a"]


@pytest.mark.parametrize(
    ("project_id", "code"), [(9, "unknown_project"), (2, "archived_project"), (3, "unknown_project")]
)
def test_a_project_that_takes_no_task_is_refused_by_name(alice: httpx.Client, project_id: int, code: str) -> None:
    create(alice)
    create(alice, archived=True)
    create(alice)
    alice.delete("/projects/3")
    add(alice)
    before = alice.get("/tasks/1").json()

    refused = [
        alice.post("/tasks", json={"title": "b", "project_id": project_id}),
        alice.put("/tasks/1", json={"title": "b", "complete": True, "project_id": project_id}),
        alice.patch("/tasks/1", json={"title": "b", "project_id": project_id}),
    ]

    for response in refused:
        assert refusal(response) == (422, "VALIDATION_ERROR")
        (error,) = response.json()["errors"]
        assert (error["loc"], error["type"]) == (["body", "project_id"], code)
    assert alice.get("/tasks").json()["tasks"] == [before]


def test_a_project_of_another_user_is_unknown(alice: httpx.Client, bob: httpx.Client) -> None:
    create(bob)

    response = alice.post("/tasks", json={"title": "a", "project_id": 1})

    assert refusal(response) == (422, "VALIDATION_ERROR")
    assert is_untouched(alice)


@pytest.mark.parametrize("value", [0, -1, 1.5, "1", True, 2**53, [], {"ref": "a"}])
def test_a_project_is_named_by_its_id(alice: httpx.Client, value: object) -> None:
    create(alice)
    add(alice)

    for response in (
        alice.post("/tasks", json={"title": "a", "project_id": value}),
        alice.patch("/tasks/1", json={"project_id": value}),
    ):
        assert refusal(response) == (422, "VALIDATION_ERROR")
        assert places(response) == [["body", "project_id"]]


def test_a_task_in_an_archived_project_can_be_changed(alice: httpx.Client) -> None:
    create(alice)
    task = add(alice, project_id=1)
    alice.patch("/projects/1", json={"archived": True})

    response = alice.patch("/tasks/1", json={**task, "title": "b"})

    assert (response.status_code, response.json()["title"], response.json()["project_id"]) == (200, "b", 1)


def test_a_list_is_filtered_by_project(alice: httpx.Client) -> None:
    create(alice)
    add(alice, "a", project_id=1)
    add(alice, "b")
    add(alice, "c", project_id=1, complete=True)

    assert titles(alice, project="1") == ["a", "c"]
    assert titles(alice, project="1", complete="false") == ["a"]
    assert titles(alice, project="none") == ["b"]
    assert titles(alice, project="9") == []
    page = alice.get("/tasks", params={"project": "1", "limit": 1}).json()
    assert titles(alice, project="1", limit=1, cursor=page["next_cursor"]) == ["c"]
    assert alice.get("/tasks", params={"limit": 1, "cursor": page["next_cursor"]}).status_code == 422


@pytest.mark.parametrize("value", ["0", "01", "None", "", "a", str(2**53), "1,2"])
def test_another_value_of_the_filter_is_refused(alice: httpx.Client, value: str) -> None:
    response = alice.get("/tasks", params={"project": value})

    assert refusal(response) == (422, "VALIDATION_ERROR")
    assert places(response) == [["query", "project"]]


def test_a_deleted_project_takes_its_tasks_into_the_trash_and_back(alice: httpx.Client) -> None:
    project = create(alice, "p")
    kept, inside = add(alice, "kept"), add(alice, "inside", project_id=1)
    seen = alice.get("/changes", params={"kinds": "task,project"}).json()["next"]

    assert alice.delete("/projects/1", headers={"If-Match": '"1"'}).status_code == 204

    changes = alice.get("/changes", params={"since": seen}).json()["changes"]
    assert changes == [
        {"id": 2, "deleted": True, "revision": 4, "kind": "task"},
        {"id": 1, "deleted": True, "revision": 5, "kind": "project"},
    ]
    trash = alice.get("/trash").json()
    (task,), (trashed,) = trash["tasks"], trash["projects"]
    assert task == {**inside, "revision": 4, "deleted_at": task["deleted_at"]}
    assert trashed == {**project, "revision": 5, "deleted_at": trashed["deleted_at"]}
    assert titles(alice) == ["kept"]

    restored = alice.post("/trash/projects/1/restore", headers={"If-Match": '"5"'})

    assert (restored.status_code, restored.headers["ETag"]) == (200, '"6"')
    assert restored.json() == {**project, "revision": 6, "updated_at": restored.json()["updated_at"]}
    tasks = alice.get("/tasks").json()["tasks"]
    assert tasks == [kept, {**inside, "revision": 7, "updated_at": tasks[1]["updated_at"]}]
    assert alice.get("/trash").json() == {"tasks": [], "projects": [], "next_cursor": None}


def test_a_project_can_be_restored_only_from_the_trash(alice: httpx.Client) -> None:
    create(alice)
    stale = alice.post("/trash/projects/1/restore")
    alice.delete("/projects/1")

    assert refusal(stale) == (404, "NOT_FOUND")
    assert refusal(alice.post("/trash/projects/1/restore", headers={"If-Match": '"1"'})) == (
        412,
        "PRECONDITION_FAILED",
    )
    assert alice.delete("/trash").status_code == 204
    assert refusal(alice.post("/trash/projects/1/restore")) == (404, "NOT_FOUND")


def test_a_restored_task_has_no_project_if_that_is_deleted(alice: httpx.Client) -> None:
    create(alice)
    add(alice, project_id=1)
    alice.delete("/projects/1")

    assert alice.post("/trash/1/restore").json()["project_id"] is None


def test_pages_of_the_trash_have_tasks_and_projects_in_one_order(alice: httpx.Client) -> None:
    for _ in range(2):
        create(alice)
        add(alice, project_id=1 + (add(alice)["id"] > 2))
    for path in ("/tasks/1", "/projects/1", "/tasks/3", "/projects/2"):
        alice.delete(path).raise_for_status()

    query: dict[str, Any] = {"limit": 2}
    revisions = list[int]()
    while True:
        page = alice.get("/trash", params=query).json()
        found = sorted((each["revision"] for each in (*page["tasks"], *page["projects"])), reverse=True)
        assert 1 <= len(found) <= 2
        revisions += found
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]

    assert revisions == sorted(revisions, reverse=True)
    assert len(revisions) == 6


def test_the_example_of_a_batch_runs_unchanged(alice: httpx.Client) -> None:
    (example,), (expected,) = (model.model_json_schema()["examples"] for model in (BatchRequest, BatchResponse))

    response = alice.post("/tasks/batch", json=example)

    assert response.json() == expected
    task = alice.get("/tasks/1").json()
    assert (task["project_id"], task["priority"]) == (1, "high")


def test_every_operation_on_projects_is_possible_in_a_batch(alice: httpx.Client) -> None:
    response = apply(
        alice,
        {"op": "create_project", "project": {"name": "p"}, "ref": "p"},
        {"op": "create", "task": {"title": "a", "project_id": {"ref": "p"}}},
        {"op": "patch_project", "id": {"ref": "p"}, "project": {"name": "q"}},
        {"op": "delete_project", "id": 1, "if_revision": 3},
        {"op": "restore_project", "id": 1, "if_revision": 5},
        {"op": "delete_project", "id": {"ref": "p"}, "permanent": True},
    )

    assert [result["revision"] for result in response.json()["results"]] == [1, 2, 3, 5, 6, 9]
    assert alice.get("/trash").json() == {"tasks": [], "projects": [], "next_cursor": None}
    assert titles(alice) == []


@pytest.mark.parametrize(
    ("operations", "place", "code"),
    [
        ([{"op": "patch", "id": {"ref": "t"}, "task": {"title": "b"}}], [0, "id"], "unknown_ref"),
        (
            [{"op": "create", "task": {"title": "a", "project_id": {"ref": "p"}}}],
            [0, "task", "project_id"],
            "unknown_ref",
        ),
        (
            [
                {"op": "create", "ref": "t", "task": {"title": "a"}},
                {"op": "patch_project", "id": {"ref": "t"}, "project": {"name": "b"}},
            ],
            [1, "id"],
            "unknown_ref",
        ),
        ([{"op": "create", "ref": "t", "task": {"title": "a"}}] * 2, [1, "ref"], "duplicate_ref"),
        ([{"op": "create", "ref": "", "task": {"title": "a"}}], [0, "ref"], "text_too_short"),
        ([{"op": "delete", "id": {"ref": 7}}], [0, "id", "ref"], "text_type"),
        ([{"op": "delete", "id": {"reff": "t"}}], [0, "id", "ref"], "missing"),
        ([{"op": "delete", "id": "1"}], [0, "id"], "whole_number"),
        ([{"op": "create_project", "project": 5}], [0, "project"], "object_type"),
        ([{"op": "delete", "ref": "t", "id": 1}], [0, "ref"], "unknown_field"),
    ],
)
def test_a_reference_names_what_an_earlier_operation_creates(
    alice: httpx.Client, operations: list[dict[str, Any]], place: list[str | int], code: str
) -> None:
    response = apply(alice, *operations)

    assert refusal(response) == (422, "VALIDATION_ERROR")
    assert ["body", "operations", *place] in places(response)
    assert code in {error["type"] for error in response.json()["errors"]}
    assert is_untouched(alice)


def test_a_failed_operation_on_a_project_is_named_with_its_place(alice: httpx.Client) -> None:
    response = apply(alice, {"op": "create_project", "project": {"name": "a", "move": {"after": 9}}})

    assert places(response) == [["body", "operations", 0, "project", "move", "after"]]


def test_a_repeated_batch_with_references_has_the_first_response(alice: httpx.Client) -> None:
    operations = (
        {"op": "create_project", "project": {"name": "p"}, "ref": "p"},
        {"op": "create", "task": {"title": "a", "project_id": {"ref": "p"}}},
    )

    first, again = apply(alice, *operations), apply(alice, *operations)

    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    other = apply(alice, {**operations[0], "ref": "q"}, {"op": "create", "task": {"title": "a"}})
    assert refusal(other) == (422, "IDEMPOTENCY_CONFLICT")
