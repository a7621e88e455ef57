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
def test_a_write_is_done_while_its_condition_holds(
    alice: httpx.Client, task: str, method: str, body: object, condition: str
) -> None:
    answer = alice.request(method, task, json=body, headers=sending("If-Match", condition))

    assert answer.is_success, answer.text
    assert alice.get("/tasks").json()["revision"] == 3


@pytest.mark.parametrize(("method", "body"), WRITES)
@pytest.mark.parametrize("condition", BROKEN)
def test_a_write_whose_condition_is_broken_is_refused_with_the_current_tag(
    alice: httpx.Client, task: str, method: str, body: object, condition: str
) -> None:
    answer = alice.request(method, task, json=body, headers=sending("If-Match", condition))

    assert refusal(answer) == (412, "PRECONDITION_FAILED")
    assert answer.headers["ETag"] == alice.get(task).headers["ETag"] == '"2"'
    assert alice.get(task).json()["title"] == "a"


@pytest.mark.parametrize(("method", "body"), WRITES)
@pytest.mark.parametrize("condition", MATCHING)
def test_a_write_unless_a_tag_matches_is_refused_while_one_does(
    alice: httpx.Client, task: str, method: str, body: object, condition: str
) -> None:
    answer = alice.request(method, task, json=body, headers=sending("If-None-Match", condition))

    assert refusal(answer) == (412, "PRECONDITION_FAILED")
    assert answer.json()["title"] == "The condition does not hold"
    assert answer.headers["ETag"] == alice.get(task).headers["ETag"] == '"2"'
    assert alice.get(task).json()["title"] == "a"


@pytest.mark.parametrize(("method", "body"), WRITES)
@pytest.mark.parametrize("condition", OTHERS)
def test_a_write_unless_a_tag_matches_is_done_when_none_does(
    alice: httpx.Client, task: str, method: str, body: object, condition: str
) -> None:
    answer = alice.request(method, task, json=body, headers=sending("If-None-Match", condition))

    assert answer.is_success, answer.text
    assert alice.get("/tasks").json()["revision"] == 3


@pytest.mark.parametrize(("method", "body"), WRITES)
def test_a_write_with_both_conditions_is_done_when_both_hold(
    alice: httpx.Client, task: str, method: str, body: object
) -> None:
    refused = alice.request(method, task, json=body, headers={"If-Match": '"2"', "If-None-Match": '"2"'})
    done = alice.request(method, task, json=body, headers={"If-Match": '"2"', "If-None-Match": '"1"'})

    assert refused.status_code == 412
    assert done.is_success


@pytest.mark.parametrize(("method", "body"), WRITES)
@pytest.mark.parametrize("condition", [*product(["If-Match", "If-None-Match"], MALFORMED)])
def test_a_malformed_condition_of_a_write_is_refused_by_name(
    alice: httpx.Client, task: str, method: str, body: object, condition: tuple[str, str]
) -> None:
    answer = alice.request(method, task, json=body, headers=sending(*condition))

    assert refusal(answer) == (422, "VALIDATION_ERROR")
    assert places(answer) == [["header", condition[0]]]
    assert alice.get(task).headers["ETag"] == '"2"'


def test_lines_of_a_header_are_one_list(alice: httpx.Client, task: str) -> None:
    stale = alice.delete(task, headers=sending("If-Match", '"1"', '"3"'))
    deleted = alice.delete(task, headers=sending("If-Match", '"1"', '"2"'))

    assert (stale.status_code, deleted.status_code) == (412, 204)


@pytest.mark.parametrize("condition", MATCHING)
def test_a_task_that_was_not_modified_is_not_sent_again(alice: httpx.Client, task: str, condition: str) -> None:
    answer = alice.get(task, headers=sending("If-None-Match", condition))

    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["ETag"] == '"2"'
    assert "Content-Type" not in answer.headers


@pytest.mark.parametrize("condition", OTHERS)
def test_a_task_is_sent_when_the_reader_has_another_state(alice: httpx.Client, task: str, condition: str) -> None:
    answer = alice.get(task, headers=sending("If-None-Match", condition))

    assert answer.json()["revision"] == 2


@pytest.mark.parametrize("path", ["/tasks/1", "/tasks/7", "/tasks"])
@pytest.mark.parametrize("condition", MALFORMED)
def test_a_malformed_condition_of_a_read_is_refused_by_name(
    alice: httpx.Client, task: str, path: str, condition: str
) -> None:
    assert alice.get(task).is_success

    answer = alice.get(path, headers=sending("If-None-Match", condition))

    assert refusal(answer) == (422, "VALIDATION_ERROR")
    assert places(answer) == [["header", "If-None-Match"]]


@pytest.mark.parametrize("form", ["{weak}", "{opaque}", "*", '"x", {weak}', '"x",{opaque}'])
def test_a_list_that_was_not_modified_is_not_sent_again(alice: httpx.Client, task: str, form: str) -> None:
    del task
    page = alice.get("/tasks", params={"limit": 1})
    tag = page.headers["ETag"]

    answer = alice.get(
        "/tasks", params={"limit": 1}, headers={"If-None-Match": form.format(weak=tag, opaque=tag.removeprefix("W/"))}
    )

    assert re.fullmatch(r'W/"[^"]+"', tag)
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["ETag"] == tag


def test_any_change_of_a_list_changes_the_tags_of_its_pages(alice: httpx.Client) -> None:
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


def test_the_tag_of_one_query_is_not_that_of_another(alice: httpx.Client) -> None:
    tags = {alice.get("/tasks", params=query).headers["ETag"] for query in ({}, {"q": "a"}, {"q": "b"})}

    assert len(tags) == 3


@pytest.mark.parametrize(("method", "body"), WRITES)
@pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
def test_a_condition_on_a_task_that_is_not_there_is_no_precondition_that_failed(
    alice: httpx.Client, method: str, body: object, header: str
) -> None:
    answer = alice.request(method, "/tasks/1", json=body, headers={header: "*"})

    assert refusal(answer) == (404, "NOT_FOUND")
