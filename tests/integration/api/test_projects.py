"""Projects over HTTP: the same rules as for tasks."""

from typing import Any

import httpx
import pytest

from tests.integration.api.problems import is_untouched, places, refusal
from tests.integration.api.test_stream import stream

BODY = {"name": "Household"}


def create(client: httpx.Client, name: str = "a", **fields: Any) -> dict[str, Any]:
    response = client.post("/projects", json={"name": name, **fields})
    assert response.status_code == 201, response.text
    project: dict[str, Any] = response.json()
    return project


def test_a_new_project_has_the_next_id_and_an_etag(alice: httpx.Client) -> None:
    alice.post("/tasks", json={"title": "a"})

    response = alice.post("/projects", json={"name": " Household "})

    project = response.json()
    assert (response.status_code, response.headers["ETag"]) == (201, '"2"')
    assert response.url.join(response.headers["Location"]).path.endswith("/projects/1")
    assert (project["id"], project["name"], project["archived"], project["revision"]) == (1, "Household", False, 2)
    assert alice.get("/projects/1").json() == project
    assert alice.get("/projects").json() == {"projects": [project], "count": 1, "revision": 2}


def test_a_project_is_patched_and_deleted(alice: httpx.Client) -> None:
    project = create(alice)

    patched = alice.patch("/projects/1", json={"name": "b", "archived": True})
    deleted = alice.delete("/projects/1")

    assert patched.json() == {
        **project,
        "name": "b",
        "archived": True,
        "revision": 2,
        "updated_at": patched.json()["updated_at"],
    }
    assert (deleted.status_code, deleted.content) == (204, b"")
    for method, body in [("GET", None), ("DELETE", None), ("PATCH", BODY)]:
        assert refusal(alice.request(method, "/projects/1", json=body)) == (404, "NOT_FOUND")
    assert create(alice)["id"] == 2


def test_a_project_that_was_read_may_be_sent_back_and_changes_nothing(alice: httpx.Client) -> None:
    project = create(alice)

    response = alice.patch("/projects/1", json={**project, "kind": "project"})

    assert (response.json(), response.headers["ETag"]) == (project, '"1"')


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_write_to_a_project_checks_its_preconditions(alice: httpx.Client, method: str) -> None:
    create(alice)
    body = BODY if method == "PATCH" else None

    stale = alice.request(method, "/projects/1", json=body, headers={"If-Match": '"7"'})
    known = alice.request(method, "/projects/1", json=body, headers={"If-None-Match": '"1"'})
    current = alice.request(method, "/projects/1", json=body, headers={"If-Match": '"1"'})

    assert (refusal(stale), stale.headers["ETag"]) == ((412, "PRECONDITION_FAILED"), '"1"')
    assert refusal(known) == (412, "PRECONDITION_FAILED")
    assert current.is_success


@pytest.mark.parametrize("path", ["/projects", "/projects/1"])
def test_a_read_is_304_while_nothing_has_changed_and_head_has_no_body(alice: httpx.Client, path: str) -> None:
    create(alice)
    first = alice.get(path)

    unchanged = alice.get(path, headers={"If-None-Match": first.headers["ETag"]})
    head = alice.head(path)
    alice.patch("/projects/1", json=BODY)
    changed = alice.get(path, headers={"If-None-Match": first.headers["ETag"]})

    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert (head.status_code, head.headers["ETag"], head.content) == (200, first.headers["ETag"], b"")
    assert changed.status_code == 200


def test_a_repeated_post_with_a_key_creates_one_project(alice: httpx.Client) -> None:
    def post(name: str) -> httpx.Response:
        return alice.post("/projects", json={"name": name}, headers={"Idempotency-Key": "k"})

    first = post("a")
    alice.patch("/projects/1", json=BODY)

    assert post("a").json() == first.json()
    assert post("a").headers["Idempotency-Replayed"] == "true"
    assert refusal(post("b")) == (422, "IDEMPOTENCY_CONFLICT")
    assert refusal(alice.post("/tasks", json={"title": "a"}, headers={"Idempotency-Key": "k"})) == (
        422,
        "IDEMPOTENCY_CONFLICT",
    )
    assert alice.get("/projects").json()["count"] == 1


WRONG: list[tuple[dict[str, Any], list[str]]] = [
    *[({"name": name}, ["name"]) for name in (None, 1, "", " ", "a" * 101, "a\tb", "\u200b")],
    *[({"name": "a", "archived": flag}, ["archived"]) for flag in (None, "true", 1)],
    ({"name": "a", "title": "b"}, ["title"]),
    ({"name": "a", "tasks": []}, ["tasks"]),
]


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.parametrize(("body", "place"), WRONG)
def test_a_wrong_value_or_an_unknown_field_is_refused_and_named(
    alice: httpx.Client, method: str, body: dict[str, Any], place: list[str]
) -> None:
    create(alice)

    response = alice.request(method, "/projects" if method == "POST" else "/projects/1", json=body)

    assert refusal(response) == (422, "VALIDATION_ERROR")
    assert places(response) == [["body", *place]]
    assert alice.get("/projects").json()["revision"] == 1


def test_a_project_needs_a_name_and_a_patch_needs_a_field(alice: httpx.Client) -> None:
    create(alice)

    assert places(alice.post("/projects", json={})) == [["body", "name"]]
    assert refusal(alice.patch("/projects/1", json={})) == (400, "VALIDATION_ERROR")


def test_projects_are_listed_in_the_order_by_hand(alice: httpx.Client) -> None:
    for name in "abc":
        create(alice, name)

    alice.patch("/projects/3", json={"move": "first"})
    create(alice, "d", move={"after": 1})
    refused = alice.patch("/projects/1", json={"name": "x", "move": {"before": 9}})

    assert [project["name"] for project in alice.get("/projects").json()["projects"]] == ["c", "a", "d", "b"]
    assert refusal(refused) == (422, "VALIDATION_ERROR")
    assert places(refused) == [["body", "move", "before"]]


def test_a_user_can_have_200_projects(alice: httpx.Client) -> None:
    operations = [{"op": "create_project", "project": BODY}] * 100
    for _ in range(2):
        assert alice.post("/tasks/batch", json={"operations": operations}).status_code == 200

    refused = alice.post("/projects", json=BODY)

    assert refusal(refused) == (403, "QUOTA_EXCEEDED")
    assert "200 projects" in refused.json()["detail"]


def test_projects_of_another_user_are_forbidden(alice: httpx.Client, bob: httpx.Client) -> None:
    create(bob)

    for path in ("projects", "projects/1", "projects/2"):
        assert refusal(alice.get(str(bob.base_url.join(path)))) == (403, "AUTH_FORBIDDEN")
    assert is_untouched(alice)


def test_a_batch_writes_tasks_and_projects_together_or_not_at_all(alice: httpx.Client) -> None:
    operations: list[dict[str, Any]] = [
        {"op": "create_project", "project": {"name": "a"}},
        {"op": "create", "task": {"title": "b"}},
        {"op": "patch_project", "id": 1, "project": {"name": "c"}, "if_revision": 1},
        {"op": "delete_project", "id": 1},
    ]

    done = alice.post("/tasks/batch", json={"operations": operations})
    failed = alice.post("/tasks/batch", json={"operations": [*operations[:2], {"op": "delete_project", "id": 9}]})

    assert [tuple(each.values()) for each in done.json()["results"]] == [(1, 1), (1, 2), (1, 3), (1, 4)]
    assert refusal(failed) == (404, "NOT_FOUND")
    assert alice.get("/tasks").json()["revision"] == 4


@pytest.mark.parametrize(
    ("operation", "place"),
    [
        ({"op": "create_project"}, ["project"]),
        ({"op": "create_project", "project": {"name": ""}}, ["project", "name"]),
        ({"op": "patch_project", "id": 0, "project": BODY}, ["id"]),
        ({"op": "patch_project", "id": 1, "project": {}}, []),
        ({"op": "delete_project", "id": 1, "project": BODY}, ["project"]),
    ],
)
def test_a_wrong_operation_on_a_project_is_located(alice: httpx.Client, operation: Any, place: list[str]) -> None:
    response = alice.post("/tasks/batch", json={"operations": [operation]})

    assert places(response) == [["body", "operations", 0, *place]]


def test_the_feed_has_projects_for_a_reader_that_names_them(alice: httpx.Client) -> None:
    task = alice.post("/tasks", json={"title": "a"}).json()
    project = create(alice)

    default = alice.get("/changes").json()
    both = alice.get("/changes", params={"kinds": "task,project"}).json()
    alice.delete("/projects/1")
    later = alice.get("/changes", params={"kinds": "project,task", "since": both["next"]}).json()

    assert default["changes"] == [{**task, "kind": "task"}]
    assert both["changes"] == [{**task, "kind": "task"}, {**project, "kind": "project"}]
    assert later["changes"] == [{"id": 1, "deleted": True, "revision": 3, "kind": "project"}]


def test_a_token_continues_with_its_kinds_and_with_no_others(alice: httpx.Client) -> None:
    of_tasks = alice.get("/changes").json()["next"]
    of_both = alice.get("/changes", params={"kinds": "task,project"}).json()["next"]
    project = create(alice)

    continued = alice.get("/changes", params={"since": of_both}).json()

    assert continued["changes"] == [{**project, "kind": "project"}]
    for since, kinds in ((of_tasks, "task,project"), (of_both, "task"), (of_both, "project")):
        refused = alice.get("/changes", params={"since": since, "kinds": kinds})
        assert refusal(refused) == (410, "CURSOR_EXPIRED")


@pytest.mark.parametrize("kinds", ["", "tasks", "task,", "task,task", "task, project", "Task"])
@pytest.mark.parametrize("path", ["/changes", "/changes/stream"])
def test_unknown_kinds_are_refused(alice: httpx.Client, path: str, kinds: str) -> None:
    response = alice.get(path, params={"kinds": kinds})

    assert refusal(response) == (422, "VALIDATION_ERROR")
    assert places(response) == [["query", "kinds"]]


def test_the_stream_has_projects_for_a_reader_that_names_them(alice: httpx.Client) -> None:
    project = create(alice)

    with stream(alice, kinds="task,project") as events:
        token, first = events.next()
        alice.delete("/projects/1")
        _, second = events.next()
    with stream(alice, {"Last-Event-ID": token}) as events:
        _, resumed = events.next()

    assert first == {**project, "kind": "project"}
    assert second == resumed == {"id": 1, "deleted": True, "revision": 2, "kind": "project"}
