"""The trash: what was deleted can be restored or erased, and nothing else shows it."""

from typing import Any

import httpx
import pytest

from tests.integration.api.asgi import app_in_memory, send_request
from tests.integration.api.problems import places, refusal
from tests.integration.server import token_of

FULL: dict[str, Any] = {"title": "a", "description": "b", "due": {"date": "2026-12-01"}, "tags": ["c"]}


@pytest.fixture
def trashed(alice: httpx.Client) -> dict[str, Any]:
    """The task 1 that was deleted, as the trash shows it: its deletion has revision 3. Task 2 exists."""
    for title in "ab":
        alice.post("/tasks", json=FULL | {"title": title}).raise_for_status()
    alice.delete("/tasks/1").raise_for_status()
    return trash_of(alice)[0]


def trash_of(client: httpx.Client, **query: Any) -> list[dict[str, Any]]:
    tasks: list[dict[str, Any]] = client.get("/trash", params=query).json()["tasks"]
    return tasks


def titles_in_trash(client: httpx.Client) -> list[str]:
    return [task["title"] for task in trash_of(client)]


def apply(client: httpx.Client, *operations: dict[str, Any]) -> httpx.Response:
    return client.post("/tasks/batch", json={"operations": operations})


def test_a_deleted_task_is_in_the_trash_with_its_content(alice: httpx.Client) -> None:
    task = alice.post("/tasks", json=FULL).json()

    alice.delete("/tasks/1")

    (trashed,) = trash_of(alice)
    assert trashed.pop("deleted_at") > task["created_at"]
    assert trashed == task | {"revision": 2}


def test_a_task_in_the_trash_is_deleted_for_every_other_request(alice: httpx.Client, trashed: dict[str, Any]) -> None:
    del trashed

    for method in ("GET", "DELETE", "PATCH", "PUT"):
        body = FULL | {"complete": True} if method.startswith("P") else None
        assert refusal(alice.request(method, "/tasks/1", json=body)) == (404, "NOT_FOUND")
    for operation in ({"op": "delete", "id": 1}, {"op": "patch", "id": 1, "task": {"title": "x"}}):
        assert refusal(apply(alice, operation)) == (404, "NOT_FOUND")
    assert [task["id"] for task in alice.get("/tasks").json()["tasks"]] == [2]
    assert {"id": 1, "deleted": True, "revision": 3, "kind": "task"} in alice.get("/changes").json()["changes"]


def test_a_restored_task_is_in_the_list_and_in_the_feed_at_a_higher_revision(
    alice: httpx.Client, trashed: dict[str, Any]
) -> None:
    response = alice.post("/trash/1/restore", headers={"If-Match": f'"{trashed["revision"]}"'})

    restored = response.json()
    assert (response.status_code, response.headers["ETag"]) == (200, '"4"')
    assert restored["updated_at"] > trashed["updated_at"]
    changed = {"revision": 4, "updated_at": restored["updated_at"]}
    assert {**restored, "deleted_at": trashed["deleted_at"]} == trashed | changed
    assert alice.get("/tasks/1").json() == restored
    assert alice.get("/changes").json()["changes"][-1] == {**restored, "kind": "task"}
    assert trash_of(alice) == []


@pytest.mark.parametrize(("method", "path"), [("POST", "/trash/1/restore"), ("DELETE", "/trash/1")])
def test_a_false_precondition_keeps_a_task_in_the_trash(
    alice: httpx.Client, trashed: dict[str, Any], method: str, path: str
) -> None:
    for name, tags in (("If-Match", '"1"'), ("If-Match", 'W/"3"'), ("If-None-Match", '"3"'), ("If-None-Match", "*")):
        response = alice.request(method, path, headers={name: tags})

        assert refusal(response) == (412, "PRECONDITION_FAILED")
        assert response.headers["ETag"] == '"3"'
    assert trash_of(alice) == [trashed]


@pytest.mark.parametrize(("method", "path"), [("POST", "/trash/{}/restore"), ("DELETE", "/trash/{}")])
def test_what_is_not_in_the_trash_is_not_found(alice: httpx.Client, method: str, path: str) -> None:
    """A task in the list, an unknown one, and those that were erased in every way."""
    for _ in range(5):
        alice.post("/tasks", json=FULL)
    alice.delete("/tasks/2", params={"permanent": "true"})
    apply(alice, {"op": "delete", "id": 3, "permanent": True}, {"op": "delete", "id": 4})
    alice.delete("/trash/4")
    alice.delete("/tasks/5")
    alice.delete("/trash")
    before = alice.get("/changes").json()

    for task_id in range(1, 7):
        assert refusal(alice.request(method, path.format(task_id), headers={"If-Match": '"1"'})) == (404, "NOT_FOUND")

    assert alice.get("/changes").json() == before


def test_restoring_a_second_time_is_refused(alice: httpx.Client, trashed: dict[str, Any]) -> None:
    del trashed

    first = alice.post("/trash/1/restore")
    second = alice.post("/trash/1/restore", json={})

    assert (first.status_code, refusal(second)) == (200, (404, "NOT_FOUND"))


def test_an_erased_task_is_gone_and_the_feed_stays_as_it_is(alice: httpx.Client, trashed: dict[str, Any]) -> None:
    before = alice.get("/changes").json()

    erased = alice.delete("/trash/1", headers={"If-Match": f'"{trashed["revision"]}"'})

    assert (erased.status_code, erased.content) == (204, b"")
    assert trash_of(alice) == []
    assert alice.get("/changes").json() == before


def test_a_permanent_deletion_leaves_nothing_in_the_trash(alice: httpx.Client) -> None:
    for _ in range(2):
        alice.post("/tasks", json=FULL)

    refused = alice.delete("/tasks/1", params={"permanent": "true"}, headers={"If-Match": '"2"'})
    deleted = alice.delete("/tasks/1", params={"permanent": "true"}, headers={"If-Match": '"1"'})
    kept = alice.delete("/tasks/2", params={"permanent": "false"})

    assert (refused.status_code, deleted.status_code, kept.status_code) == (412, 204, 204)
    assert [task["id"] for task in trash_of(alice)] == [2]


def test_the_trash_is_emptied_and_nothing_else_changes(alice: httpx.Client, bob: httpx.Client) -> None:
    for client in (alice, bob):
        apply(client, *({"op": "create", "task": FULL} for _ in range(3)))
        apply(client, {"op": "delete", "id": 1}, {"op": "delete", "id": 3})
    before = alice.get("/changes").json()

    emptied, again = alice.delete("/trash"), alice.delete("/trash")

    assert (emptied.status_code, emptied.content, again.status_code) == (204, b"", 204)
    assert trash_of(alice) == []
    assert [task["id"] for task in trash_of(bob)] == [3, 1]
    assert alice.get("/changes").json() == before


@pytest.mark.parametrize("tag", ['"3"', 'W/"3-00000000"'])
def test_a_precondition_on_the_whole_trash_is_false_unless_it_accepts_any_tag(
    alice: httpx.Client, trashed: dict[str, Any], tag: str
) -> None:
    refused = alice.delete("/trash", headers={"If-Match": tag})
    kept = trash_of(alice)
    emptied = alice.delete("/trash", headers={"If-Match": "*"})

    assert refusal(refused) == (412, "PRECONDITION_FAILED")
    assert kept == [trashed]
    assert (emptied.status_code, trash_of(alice)) == (204, [])


def test_the_trash_has_pages_with_the_last_deletions_first(alice: httpx.Client) -> None:
    for title in "abcde":
        alice.post("/tasks", json={"title": title})
    for task_id in (2, 4, 1, 5, 3):
        alice.delete(f"/tasks/{task_id}")

    pages, page = [], alice.get("/trash", params={"limit": 2})
    while link := page.headers.get("Link"):
        pages.append([task["title"] for task in page.json()["tasks"]])
        assert page.json()["next_cursor"] in link
        page = alice.get(f"/trash{link[1 : link.index('>')]}")
    pages.append([task["title"] for task in page.json()["tasks"]])

    assert pages == [["c", "e"], ["a", "d"], ["b"]]
    assert page.json()["next_cursor"] is None
    assert titles_in_trash(alice) == ["c", "e", "a", "d", "b"]


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "501"}, "limit"),
        ({"limit": "x"}, "limit"),
        ({"cursor": ""}, "cursor"),
        ({"cursor": "W10"}, "cursor"),
        ({"cursor": "x" * 1000}, "cursor"),
        ({"q": "a"}, "q"),
    ],
)
def test_a_faulty_parameter_of_the_trash_is_refused_and_named(
    alice: httpx.Client, query: dict[str, str], place: str
) -> None:
    response = alice.get("/trash", params=query)

    assert refusal(response) == (422, "VALIDATION_ERROR")
    assert places(response) == [["query", place]]


def test_the_cursor_of_a_list_is_refused_by_the_trash(alice: httpx.Client) -> None:
    for _ in range(2):
        alice.post("/tasks", json=FULL)
    cursor = alice.get("/tasks", params={"limit": 1}).json()["next_cursor"]

    assert places(alice.get("/trash", params={"cursor": cursor})) == [["query", "cursor"]]


@pytest.mark.parametrize("value", ["", "1", "yes", "True"])
def test_permanent_is_true_or_false(alice: httpx.Client, value: str) -> None:
    alice.post("/tasks", json=FULL)

    response = alice.delete("/tasks/1", params={"permanent": value})

    assert refusal(response) == (422, "VALIDATION_ERROR")
    assert places(response) == [["query", "permanent"]]
    assert alice.get("/tasks/1").status_code == 200


def test_the_tag_of_the_trash_changes_with_its_content(alice: httpx.Client, trashed: dict[str, Any]) -> None:
    del trashed

    def state() -> tuple[str, int]:
        tag = alice.get("/trash").headers["ETag"]
        return tag, alice.get("/trash", headers={"If-None-Match": tag}).status_code

    states = [state()]
    for method, path in (("DELETE", "/tasks/2"), ("DELETE", "/trash/1"), ("DELETE", "/trash")):
        alice.request(method, path).raise_for_status()
        states.append(state())

    assert len({tag for tag, _ in states}) == 4
    assert {status for _, status in states} == {304}
    head = alice.head("/trash")
    assert (head.status_code, head.content, head.headers["ETag"]) == (200, b"", states[-1][0])


REQUESTS = [("GET", "/trash"), ("DELETE", "/trash"), ("POST", "/trash/1/restore"), ("DELETE", "/trash/1")]


@pytest.mark.parametrize(("method", "path"), REQUESTS)
def test_only_the_owner_can_use_a_trash(
    alice: httpx.Client, bob: httpx.Client, trashed: dict[str, Any], method: str, path: str
) -> None:
    url = f"{alice.base_url}{path[1:]}"

    foreign = bob.request(method, url)
    unknown = bob.request(method, url.replace("/trash", "x/trash"))
    without = httpx.request(method, url)

    assert refusal(foreign) == refusal(unknown) == (403, "AUTH_FORBIDDEN")
    assert refusal(without) == (401, "AUTH_MISSING")
    assert trash_of(alice) == [trashed]


@pytest.mark.parametrize(("method", "path"), REQUESTS)
def test_faults_are_reported_in_the_order_of_the_checks(alice: httpx.Client, method: str, path: str) -> None:
    headers = {"If-Match": '"7"'}

    with_body = alice.request(method, path, params={"x": "1"}, headers=headers, content=b"[1]")
    with_parameter = alice.request(method, path, params={"x": "1"}, headers=headers)

    assert refusal(with_body) == (400, "VALIDATION_ERROR")
    assert refusal(with_parameter) == (422, "VALIDATION_ERROR")
    assert places(with_parameter) == [["query", "x"]]


def test_a_batch_deletes_restores_and_erases(alice: httpx.Client, trashed: dict[str, Any]) -> None:
    response = apply(
        alice,
        {"op": "restore", "id": 1, "if_revision": trashed["revision"]},
        {"op": "patch", "id": 1, "task": {"title": "A"}, "if_revision": 4},
        {"op": "delete", "id": 1},
        {"op": "delete", "id": 2},
        {"op": "erase", "id": 2, "if_revision": 7},
        {"op": "create", "task": FULL},
        {"op": "delete", "id": 3, "permanent": True},
    )

    results = [(result["id"], result["revision"]) for result in response.json()["results"]]
    assert results == [(1, 4), (1, 5), (1, 6), (2, 7), (2, 7), (3, 8), (3, 9)]
    assert titles_in_trash(alice) == ["A"]


@pytest.mark.parametrize(
    ("operation", "status"),
    [
        ({"op": "restore", "id": 2}, 404),
        ({"op": "erase", "id": 2}, 404),
        ({"op": "restore", "id": 1, "if_revision": 1}, 412),
        ({"op": "erase", "id": 1, "if_revision": 1}, 412),
        ({"op": "restore"}, 422),
        ({"op": "restore", "id": 0}, 422),
        ({"op": "erase", "id": 1, "permanent": True}, 422),
        ({"op": "delete", "id": 2, "permanent": 1}, 422),
        ({"op": "delete", "id": 2, "permanent": None}, 422),
        ({"op": "purge", "id": 1}, 422),
    ],
    ids=repr,
)
def test_a_faulty_operation_is_named_and_nothing_is_done(
    alice: httpx.Client, trashed: dict[str, Any], operation: dict[str, Any], status: int
) -> None:
    before = alice.get("/changes").json()

    response = apply(alice, {"op": "create", "task": FULL}, operation)

    assert response.status_code == status
    assert [place[:3] for place in places(response)] == [["body", "operations", 1]]
    assert alice.get("/changes").json() == before
    assert trash_of(alice) == [trashed]


def test_a_task_of_the_trash_may_be_sent_back(alice: httpx.Client, trashed: dict[str, Any]) -> None:
    created = alice.post("/tasks", json=trashed)

    assert created.status_code == 201
    assert created.json()["id"] == 3


def test_without_days_in_the_trash_a_deletion_is_permanent() -> None:
    app = app_in_memory(trash_days=0)
    batch = {"operations": [{"op": "create", "task": FULL}, {"op": "delete", "id": 2}]}
    for method, path, body in (("POST", "", FULL), ("DELETE", "/1", None), ("POST", "/batch", batch)):
        send_request(app, method, f"/api/alice/tasks{path}", json=body).raise_for_status()

    assert send_request(app, "GET", "/api/alice/trash").json() == {"tasks": [], "projects": [], "next_cursor": None}


def test_emptying_the_trash_costs_work_for_each_task() -> None:
    app = app_in_memory(work_per_second=10)
    create, delete = {"op": "create", "task": FULL}, [{"op": "delete", "id": number} for number in range(1, 101)]
    for operations in ([create] * 100, delete):
        batch = {"operations": operations}
        send_request(app, "POST", "/api/alice/tasks/batch", json=batch).raise_for_status()

    emptied = send_request(app, "DELETE", "/api/alice/trash")
    statuses = {send_request(app, "GET", "/api/alice/trash").status_code for _ in range(25)}

    assert emptied.status_code == 204
    assert statuses == {200, 429}
    assert send_request(app, "GET", "/api/bob/trash", token_of("bob")).status_code == 200
