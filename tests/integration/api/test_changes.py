"""The change feed, page by page."""

from typing import Any

import httpx
import pytest


def changes(client: httpx.Client, **parameters: Any) -> Any:
    response = client.get("/changes", params=parameters)
    assert response.status_code == 200, response.text
    return response.json()


def test_without_a_token_the_feed_has_all_tasks_in_order_of_revision(alice: httpx.Client) -> None:
    for title in ("a", "b", "c"):
        alice.post("/tasks", json={"title": title})
    alice.patch("/tasks/1", json={"complete": True})
    alice.delete("/tasks/2")

    page = changes(alice)

    assert [(change["id"], change["revision"]) for change in page["changes"]] == [(3, 3), (1, 4), (2, 5)]
    assert page["changes"][2] == {"id": 2, "deleted": True, "revision": 5, "kind": "task"}
    assert page["has_more"] is False


def test_a_change_in_the_feed_is_the_same_as_the_task_response(alice: httpx.Client) -> None:
    created = alice.post("/tasks", json={"title": "a", "due": {"date": "2026-12-01", "time": "17:00"}})

    page = changes(alice)

    assert page["changes"] == [{**created.json(), "kind": "task"}]


def test_a_token_returns_the_changes_after_it(alice: httpx.Client) -> None:
    alice.post("/tasks", json={"title": "a"})
    token = changes(alice)["next"]
    alice.post("/tasks", json={"title": "b"})

    page = changes(alice, since=token)

    assert [change["title"] for change in page["changes"]] == ["b"]
    assert changes(alice, since=page["next"])["changes"] == []


def test_pages_of_the_feed_have_no_gaps(alice: httpx.Client) -> None:
    for title in "abcde":
        alice.post("/tasks", json={"title": title})

    seen: list[str] = []
    token: dict[str, str] = {}
    more = True
    while more:
        page = changes(alice, limit=2, **token)
        seen += [change["title"] for change in page["changes"]]
        token, more = {"since": page["next"]}, page["has_more"]

    assert seen == list("abcde")


def test_a_feed_of_a_user_without_tasks_is_empty_and_can_be_continued(alice: httpx.Client) -> None:
    token = changes(alice)["next"]

    alice.post("/tasks", json={"title": "a"})

    assert [change["id"] for change in changes(alice, since=token)["changes"]] == [1]


@pytest.mark.parametrize(
    "token", ["{epoch}.2", "other.1", "{epoch}.9007199254740991"], ids=["future", "other epoch", "far future"]
)
def test_a_token_that_the_server_did_not_issue_gets_410(alice: httpx.Client, token: str) -> None:
    alice.post("/tasks", json={"title": "a"})
    epoch = changes(alice)["next"].partition(".")[0]

    response = alice.get("/changes", params={"since": token.format(epoch=epoch)})

    assert (response.status_code, response.json()["error_code"]) == (410, "CURSOR_EXPIRED")


def test_the_feed_of_another_user_is_forbidden(alice: httpx.Client, bob: httpx.Client) -> None:
    response = alice.get(str(bob.base_url.join("changes")))

    assert (response.status_code, response.json()["error_code"]) == (403, "AUTH_FORBIDDEN")


@pytest.mark.parametrize("since", ["", "garbage", "a.b", "A.1", "a.01", "a.-1", "a.1 ", "a.1.1", "\x00.1", "é.1"])
def test_a_malformed_token_is_refused_and_the_parameter_named(alice: httpx.Client, since: str) -> None:
    response = alice.get("/changes", params={"since": since})

    assert response.status_code == 422
    assert [error["loc"] for error in response.json()["errors"]] == [["query", "since"]]


@pytest.mark.parametrize("limit", ["0", "501", "-1", "1.0", "x", ""])
def test_a_limit_out_of_range_is_refused_and_named(alice: httpx.Client, limit: str) -> None:
    response = alice.get("/changes", params={"limit": limit})

    assert response.status_code == 422
    assert [error["loc"] for error in response.json()["errors"]] == [["query", "limit"]]
