"""Conditional requests (RFC 9110 §13)."""

import re
from itertools import product

import httpx
import pytest

from tests.integration.api.problems import places, refusal

WRITES = [("PUT", {"title": "b", "complete": False}), ("PATCH", {"title": "b"}), ("DELETE", None)]
HOLDING = ['"2"', "*", '"1", "2"', '"x","2" , "1"', '"2",', ', "2"', '"1",, "2"']
MATCHING = [*HOLDING, 'W/"2"', '"1", W/"2"', '"1",W/"2",']
OTHERS = ['"1"', '"02"', '"2x"', '""', '"1", W/"3"', '"\xe9"']
BROKEN = ['"1"', '"3"', 'W/"2"', '"02"', '"2x"', '""', '"W/"', '"2-abc"', '"1", W/"2"', '"\xe9"', '"9999999999999999"']
MALFORMED = ["", "2", '"2', '2"', "x", '"2" "1"', '"1" x', '*, "2"', 'w/"2"', '"a b"', ",", "*,", '"2"\xa0']


@pytest.fixture
def task(alice: httpx.Client) -> str:
    """The path of a task at revision 2."""
    alice.post("/tasks", json={"title": "a"})
    alice.patch("/tasks/1", json={"complete": True})
    return "/tasks/1"


def sending(name: str, *lines: str) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), line.encode("latin-1")) for line in lines]


@pytest.mark.parametrize(("method", "body"), WRITES)
@pytest.mark.parametrize("condition", HOLDING)
def test_if_match_with_the_current_tag_permits_a_write(
    alice: httpx.Client, task: str, method: str, body: object, condition: str
) -> None:
    response = alice.request(method, task, json=body, headers=sending("If-Match", condition))

    assert response.is_success, response.text
    assert alice.get("/tasks").json()["revision"] == 3


@pytest.mark.parametrize(("method", "body"), WRITES)
@pytest.mark.parametrize("condition", BROKEN)
def test_if_match_without_the_current_tag_refuses_a_write_and_returns_the_tag(
    alice: httpx.Client, task: str, method: str, body: object, condition: str
) -> None:
    response = alice.request(method, task, json=body, headers=sending("If-Match", condition))

    assert refusal(response) == (412, "PRECONDITION_FAILED")
    assert response.headers["ETag"] == alice.get(task).headers["ETag"] == '"2"'
    assert alice.get(task).json()["title"] == "a"


@pytest.mark.parametrize(("method", "body"), WRITES)
@pytest.mark.parametrize("condition", MATCHING)
def test_if_none_match_with_the_current_tag_refuses_a_write(
    alice: httpx.Client, task: str, method: str, body: object, condition: str
) -> None:
    response = alice.request(method, task, json=body, headers=sending("If-None-Match", condition))

    assert refusal(response) == (412, "PRECONDITION_FAILED")
    assert response.json()["title"] == "Precondition failed"
    assert response.headers["ETag"] == alice.get(task).headers["ETag"] == '"2"'
    assert alice.get(task).json()["title"] == "a"


@pytest.mark.parametrize(("method", "body"), WRITES)
@pytest.mark.parametrize("condition", OTHERS)
def test_if_none_match_without_the_current_tag_permits_a_write(
    alice: httpx.Client, task: str, method: str, body: object, condition: str
) -> None:
    response = alice.request(method, task, json=body, headers=sending("If-None-Match", condition))

    assert response.is_success, response.text
    assert alice.get("/tasks").json()["revision"] == 3


@pytest.mark.parametrize(("method", "body"), WRITES)
def test_a_write_with_both_preconditions_is_done_only_if_both_hold(
    alice: httpx.Client, task: str, method: str, body: object
) -> None:
    refused = alice.request(method, task, json=body, headers={"If-Match": '"2"', "If-None-Match": '"2"'})
    done = alice.request(method, task, json=body, headers={"If-Match": '"2"', "If-None-Match": '"1"'})

    assert refused.status_code == 412
    assert done.is_success


@pytest.mark.parametrize(("method", "body"), WRITES)
@pytest.mark.parametrize("condition", [*product(["If-Match", "If-None-Match"], MALFORMED)])
def test_a_malformed_precondition_of_a_write_is_refused_and_named(
    alice: httpx.Client, task: str, method: str, body: object, condition: tuple[str, str]
) -> None:
    response = alice.request(method, task, json=body, headers=sending(*condition))

    assert refusal(response) == (422, "VALIDATION_ERROR")
    assert places(response) == [["header", condition[0]]]
    assert alice.get(task).headers["ETag"] == '"2"'


def test_repeated_if_match_headers_are_one_list(alice: httpx.Client, task: str) -> None:
    stale = alice.delete(task, headers=sending("If-Match", '"1"', '"3"'))
    deleted = alice.delete(task, headers=sending("If-Match", '"1"', '"2"'))

    assert (stale.status_code, deleted.status_code) == (412, 204)


@pytest.mark.parametrize("condition", MATCHING)
def test_an_unmodified_task_is_not_sent_again(alice: httpx.Client, task: str, condition: str) -> None:
    response = alice.get(task, headers=sending("If-None-Match", condition))

    assert (response.status_code, response.content) == (304, b"")
    assert response.headers["ETag"] == '"2"'
    assert "Content-Type" not in response.headers


@pytest.mark.parametrize("condition", OTHERS)
def test_a_task_is_sent_if_the_client_has_another_revision(alice: httpx.Client, task: str, condition: str) -> None:
    response = alice.get(task, headers=sending("If-None-Match", condition))

    assert response.json()["revision"] == 2


@pytest.mark.parametrize("path", ["/tasks/1", "/tasks/7", "/tasks"])
@pytest.mark.parametrize("condition", MALFORMED)
def test_a_malformed_precondition_of_a_read_is_refused_and_named(
    alice: httpx.Client, task: str, path: str, condition: str
) -> None:
    assert alice.get(task).is_success

    response = alice.get(path, headers=sending("If-None-Match", condition))

    assert refusal(response) == (422, "VALIDATION_ERROR")
    assert places(response) == [["header", "If-None-Match"]]


@pytest.mark.parametrize("form", ["{weak}", "{opaque}", "*", '"x", {weak}', '"x",{opaque}'])
def test_an_unmodified_list_is_not_sent_again(alice: httpx.Client, task: str, form: str) -> None:
    del task
    page = alice.get("/tasks", params={"limit": 1})
    tag = page.headers["ETag"]

    response = alice.get(
        "/tasks", params={"limit": 1}, headers={"If-None-Match": form.format(weak=tag, opaque=tag.removeprefix("W/"))}
    )

    assert re.fullmatch(r'W/"[^"]+"', tag)
    assert (response.status_code, response.content) == (304, b"")
    assert response.headers["ETag"] == tag


def test_every_change_of_a_list_changes_its_tag(alice: httpx.Client) -> None:
    tags = []
    for method, path, body in [
        ("GET", "/tasks", None),
        ("POST", "/tasks", {"title": "a"}),
        ("PATCH", "/tasks/1", {"complete": True}),
        ("DELETE", "/tasks/1", None),
    ]:
        assert alice.request(method, path, json=body).is_success
        tags.append(alice.get("/tasks").headers["ETag"])

    assert len(set(tags)) == 4


def test_different_queries_have_different_tags(alice: httpx.Client) -> None:
    tags = {alice.get("/tasks", params=query).headers["ETag"] for query in ({}, {"q": "a"}, {"q": "b"})}

    assert len(tags) == 3


@pytest.mark.parametrize(("method", "body"), WRITES)
@pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
def test_a_precondition_on_a_missing_task_gets_404_and_not_412(
    alice: httpx.Client, method: str, body: object, header: str
) -> None:
    response = alice.request(method, "/tasks/1", json=body, headers={header: "*"})

    assert refusal(response) == (404, "NOT_FOUND")
