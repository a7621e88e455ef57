"""Recurring tasks, as a client uses them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.integration.api.asgi import app_in_memory, send_request
from tests.integration.api.problems import is_untouched, places, refusal

DAY = "2030-12-02"  # a Monday
DAILY = {"rule": "FREQ=DAILY"}


def create(client: httpx.Client, rule: dict[str, Any] = DAILY, **fields: Any) -> Any:
    response = client.post("/tasks", json={"title": "a", "due": {"date": DAY}, "recurrence": rule, **fields})
    assert response.status_code == 201, response.text
    return response.json()


def patch(client: httpx.Client, task_id: int, **fields: Any) -> Any:
    response = client.patch(f"/tasks/{task_id}", json=fields)
    assert response.status_code == 200, response.text
    return response.json()


def test_a_recurrence_is_returned_in_canonical_form_with_its_anchor(alice: httpx.Client) -> None:
    created = create(alice, {"rule": "BYDAY=TH,MO;FREQ=WEEKLY;INTERVAL=1", "anchor": "1999-01-01"})

    assert created["recurrence"] == {"rule": "FREQ=WEEKLY;BYDAY=MO,TH", "from": "due", "anchor": DAY}
    assert created["successor_id"] is None
    assert alice.get("/tasks/1").json() == created


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_completing_a_recurring_task_adds_the_next_one(alice: httpx.Client, method: str) -> None:
    checklist = [{"title": "b", "complete": True}, {"title": "c", "complete": False}]
    task = create(alice, tags=["home"], priority="high", checklist=checklist)

    done = alice.request(method, "/tasks/1", json={**task, "complete": True})
    again = alice.request(method, "/tasks/1", json={**task, "complete": True})

    tasks = alice.get("/tasks").json()["tasks"]
    assert done.status_code == 200
    assert done.headers["ETag"] == '"2"'
    assert again.json() == done.json() == tasks[0]
    assert (tasks[0]["recurrence"], tasks[0]["successor_id"]) == (None, 2)
    assert len(tasks) == 2
    assert tasks[1] == {
        **task,
        "id": 2,
        "revision": 3,
        "checklist": [{**item, "complete": False} for item in checklist],
        "due": {"date": "2030-12-03", "time": None, "timezone": None},
        "recurrence": {"rule": "FREQ=DAILY", "from": "due", "anchor": "2030-12-03"},
        **{name: tasks[1][name] for name in ("created_at", "updated_at", "position") if name in tasks[1]},
    }


def test_a_completed_task_that_is_opened_again_takes_back_its_successor(alice: httpx.Client) -> None:
    task = create(alice)
    done = patch(alice, 1, complete=True)

    reopened = alice.put("/tasks/1", json={**done, "complete": False})

    changes = alice.get("/changes").json()["changes"]
    assert reopened.json()["recurrence"] == task["recurrence"]
    kind = {"kind": "task"}
    assert changes == [reopened.json() | kind, {"id": 2, "deleted": True, "revision": 5, **kind}]
    assert create(alice)["id"] == 3


def test_a_completion_in_a_batch_adds_the_next_task(alice: httpx.Client) -> None:
    create(alice)

    operations = [
        {"op": "patch", "id": 1, "task": {"complete": True}},
        {"op": "patch", "id": 2, "task": {"title": "b"}},
    ]
    response = alice.post("/tasks/batch", json={"operations": operations})

    assert response.json() == {"results": [{"id": 1, "revision": 2}, {"id": 2, "revision": 4}]}
    assert [task["title"] for task in alice.get("/tasks").json()["tasks"]] == ["a", "b"]


def test_counted_from_the_completion_the_next_due_follows_today(alice: httpx.Client) -> None:
    create(alice, {"rule": "FREQ=DAILY;INTERVAL=3", "from": "completion"}, due={"date": "2020-01-01"})
    before = datetime.now(UTC).date()
    patch(alice, 1, complete=True)
    after = datetime.now(UTC).date()

    due = alice.get("/tasks/2").json()["due"]["date"]
    assert due in {(day + timedelta(3)).isoformat() for day in (before, after)}


def test_the_parts_of_a_recurrence_are_patched_separately(alice: httpx.Client) -> None:
    create(alice)

    counted = patch(alice, 1, recurrence={"from": "completion"})
    moved = patch(alice, 1, due={"date": "2030-12-05"})
    ruled = patch(alice, 1, recurrence={"rule": "FREQ=MONTHLY"})
    cleared = patch(alice, 1, recurrence=None)

    assert counted["recurrence"] == {"rule": "FREQ=DAILY", "from": "completion", "anchor": DAY}
    assert moved["recurrence"]["anchor"] == DAY
    assert ruled["recurrence"] == {"rule": "FREQ=MONTHLY", "from": "completion", "anchor": "2030-12-05"}
    assert cleared["recurrence"] is None


def test_the_next_days_can_be_previewed(alice: httpx.Client) -> None:
    create(alice, {"rule": "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1"}, due={"date": "2031-01-31"})

    response = alice.get("/tasks/1/occurrences", params={"limit": 2})

    tag = response.headers["ETag"]
    head = alice.head("/tasks/1/occurrences", params={"limit": 2})
    assert response.json() == {"occurrences": ["2031-02-28", "2031-03-31"]}
    assert tag == alice.get("/tasks/1").headers["ETag"]
    assert (head.status_code, head.headers["ETag"]) == (200, tag)
    assert alice.get("/tasks/1/occurrences", headers={"If-None-Match": tag}).status_code == 304
    assert len(alice.get("/tasks/1/occurrences").json()["occurrences"]) == 10


def test_a_task_that_does_not_recur_has_no_next_days(alice: httpx.Client) -> None:
    alice.post("/tasks", json={"title": "a"})

    assert alice.get("/tasks/1/occurrences").json() == {"occurrences": []}
    assert refusal(alice.get("/tasks/2/occurrences")) == (404, "NOT_FOUND")


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x"])
def test_a_preview_has_1_to_100_days(alice: httpx.Client, limit: str) -> None:
    create(alice)

    response = alice.get("/tasks/1/occurrences", params={"limit": limit})

    assert refusal(response) == (422, "VALIDATION_ERROR")
    assert places(response) == [["query", "limit"]]


FAULTY_RULES = {
    "FREQ=DAILY;INTERVAL=0": "INTERVAL must be 1 to 999",
    "FREQ=DAILY;BYHOUR=9": "must not have BYHOUR",
    "FREQ=DAILY;EXDATE=20301224": "must not have EXDATE",
    "DTSTART:20301201\nRRULE:FREQ=DAILY": "must not have DTSTART",
    "FREQ=DAILY;COUNT=2;UNTIL=20301231": "must not have both COUNT and UNTIL",
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30": "must have an occurrence in the 40 years from the day of the due on",
    "FREQ=DAILY;UNTIL=20301201": "must have an occurrence in the 40 years from the day of the due on",
    "freq=daily": "must be in capital letters, such as FREQ=DAILY",
    "FREQ=DAILY;" + "BYMONTH=1;" * 1000: "must have at most 255 characters",
    "FREQ=HOURLY": "FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY",
    "": "must be parts such as FREQ=DAILY",
    "INTERVAL=2": "must have FREQ",
}


@pytest.mark.parametrize(("rule", "message"), FAULTY_RULES.items(), ids=lambda text: text[:40])
def test_a_faulty_rule_is_refused_by_name(alice: httpx.Client, rule: str, message: str) -> None:
    body = {"title": "a", "due": {"date": DAY}, "recurrence": {"rule": rule}}
    batch = {"operations": [{"op": "create", "task": body}]}

    response, in_batch = alice.post("/tasks", json=body), alice.post("/tasks/batch", json=batch)

    assert refusal(response) == refusal(in_batch) == (422, "VALIDATION_ERROR")
    assert places(response)[0] == ["body", "recurrence", "rule"]
    assert places(in_batch)[0] == ["body", "operations", 0, "task", "recurrence", "rule"]
    assert message in [error["msg"][: len(message)] for error in response.json()["errors"]]
    assert is_untouched(alice)


REFUSED: dict[str, tuple[dict[str, Any], list[list[str]]]] = {
    "a recurrence without a due": ({"recurrence": DAILY}, [["recurrence"]]),
    "a recurrence of a complete task": (
        {"recurrence": DAILY, "due": {"date": DAY}, "complete": True},
        [["recurrence"]],
    ),
    "a rule that is not text": ({"recurrence": {"rule": 5}, "due": {"date": DAY}}, [["recurrence", "rule"]]),
    "a recurrence without a rule": ({"recurrence": {"from": "due"}, "due": {"date": DAY}}, [["recurrence", "rule"]]),
    "a recurrence that is a text": ({"recurrence": "FREQ=DAILY", "due": {"date": DAY}}, [["recurrence"]]),
    "another start": (
        {"recurrence": {"rule": "FREQ=DAILY", "from": "start"}, "due": {"date": DAY}},
        [["recurrence", "from"]],
    ),
    "an unknown part": (
        {"recurrence": {"rrule": "FREQ=DAILY"}, "due": {"date": DAY}},
        [["recurrence", "rule"], ["recurrence", "rrule"]],
    ),
}


@pytest.mark.parametrize(("fields", "named"), REFUSED.values(), ids=REFUSED)
def test_a_faulty_recurrence_is_refused_by_name(
    alice: httpx.Client, fields: dict[str, Any], named: list[list[str]]
) -> None:
    response = alice.post("/tasks", json={"title": "a", **fields})

    assert refusal(response) == (422, "VALIDATION_ERROR")
    assert places(response) == [["body", *place] for place in named]
    assert is_untouched(alice)


def test_a_patch_can_neither_clear_the_due_of_a_recurring_task_nor_give_a_complete_task_a_rule(
    alice: httpx.Client,
) -> None:
    create(alice)
    alice.post("/tasks", json={"title": "b", "due": {"date": DAY}, "complete": True})

    without_due = alice.patch("/tasks/1", json={"due": None})
    complete = alice.patch("/tasks/2", json={"recurrence": DAILY})

    assert refusal(without_due) == refusal(complete) == (422, "VALIDATION_ERROR")
    assert places(without_due) == [["body", "due"]]
    assert places(complete) == [["body", "recurrence"]]


APP = app_in_memory()
PARTS = st.sampled_from(
    ["FREQ=DAILY", "FREQ=YEARLY", "FREQ=MONTHLY", "BYDAY=5MO", "BYSETPOS=-1", "COUNT=2", "UNTIL=99991231"]
)
rules = st.lists(PARTS | st.text(max_size=8), max_size=4).map(";".join) | st.text()
days = st.dates().map(lambda day: day.isoformat())


@given(rules, days, st.sampled_from(["due", "completion"]))
def test_no_rule_and_no_day_causes_a_server_error(rule: str, day: str, counted_from: str) -> None:
    recurrence = {"rule": rule.encode(errors="replace").decode(), "from": counted_from}
    body = {"title": "a", "due": {"date": day}, "recurrence": recurrence}

    created = send_request(APP, "POST", "/api/alice/tasks", json=body)

    assert created.status_code in {201, 422}
    if created.status_code == 201:
        path = f"/api/alice/{created.headers['Location']}"
        preview = send_request(APP, "GET", f"{path}/occurrences?limit=100")
        done = send_request(APP, "PATCH", path, json={"complete": True})
        assert (preview.status_code, done.status_code) == (200, 200)
        assert preview.json()["occurrences"] == sorted(set(preview.json()["occurrences"]))
        assert done.json()["recurrence"] is None
