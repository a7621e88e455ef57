"""The change feed, page by page."""

from typing import Any

import httpx
import pytest


def changes(client: httpx.Client, **parameters: Any) -> Any:
    answer = client.get("/changes", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_without_a_token_the_feed_is_everything_in_order_of_revision(alice: httpx.Client) -> None:
    for title in ("a", "b", "c"):
        alice.post("/tasks", json={"title": title})
    alice.patch("/tasks/1", json={"complete": True})
    alice.delete("/tasks/2")

    page = changes(alice)

    assert [(change["id"], change["revision"]) for change in page["changes"]] == [(3, 3), (1, 4), (2, 5)]
    assert page["changes"][2] == {"id": 2, "deleted": True, "revision": 5}
    assert page["has_more"] is False


def test_a_change_in_the_feed_is_the_task_as_it_is_read(alice: httpx.Client) -> None:
    created = alice.post("/tasks", json={"title": "a", "due": {"date": "2026-12-01", "time": "17:00"}})

    page = changes(alice)

    assert page["changes"] == [created.json()]


def test_a_token_leads_to_what_came_after_it(alice: httpx.Client) -> None:
    alice.post("/tasks", json={"title": "a"})
    token = changes(alice)["next"]
    alice.post("/tasks", json={"title": "b"})

    page = changes(alice, since=token)

    assert [change["title"] for change in page["changes"]] == ["b"]
    assert changes(alice, since=page["next"])["changes"] == []


def test_pages_follow_each_other_without_a_gap(alice: httpx.Client) -> None:
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
def test_a_token_that_the_server_did_not_give_out_is_gone(alice: httpx.Client, token: str) -> None:
    alice.post("/tasks", json={"title": "a"})
    epoch = changes(alice)["next"].partition(".")[0]

    answer = alice.get("/changes", params={"since": token.format(epoch=epoch)})

    assert (answer.status_code, answer.json()["error_code"]) == (410, "CURSOR_EXPIRED")


def test_the_feed_of_another_user_is_forbidden(alice: httpx.Client, bob: httpx.Client) -> None:
    answer = alice.get(str(bob.base_url.join("changes")))

    assert (answer.status_code, answer.json()["error_code"]) == (403, "AUTH_FORBIDDEN")


@pytest.mark.parametrize("since", ["", "garbage", "a.b", "A.1", "a.01", "a.-1", "a.1 ", "a.1.1", "\x00.1", "é.1"])
def test_a_malformed_token_is_refused_by_name(alice: httpx.Client, since: str) -> None:
    answer = alice.get("/changes", params={"since": since})

    assert answer.status_code == 422
    assert [error["loc"] for error in answer.json()["errors"]] == [["query", "since"]]


@pytest.mark.parametrize("limit", ["0", "501", "-1", "1.0", "x", ""])
def test_a_limit_out_of_range_is_refused_by_name(alice: httpx.Client, limit: str) -> None:
    answer = alice.get("/changes", params={"limit": limit})

    assert answer.status_code == 422
    assert [error["loc"] for error in answer.json()["errors"]] == [["query", "limit"]]
