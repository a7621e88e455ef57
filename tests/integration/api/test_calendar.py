"""The calendar: what a client gets with a calendar token, and that every other token gets 404 and leaves no trace."""

import asyncio
import logging
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from dependency_injector import providers

from tests.integration.api.asgi import app_in_memory, app_on, client_of, send_request
from tests.integration.api.problems import places, refusal
from tests.integration.api.test_access_tokens import create, refused_tokens, stored
from tests.integration.server import token_of
from tests.unit.api.schemas.icalendar.calendars import read
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_api.app import App
from todo_api.http.user_limits import Bounds, UserLimits
from todo_domain import Scope, StorageUnavailable, TaskPage, TaskQuery, UserId

TASKS = "/api/alice/tasks"
DUE = {"date": "2026-12-01", "time": "17:00", "timezone": "Europe/Berlin"}


def calendar_of(app: App) -> str:
    """Return the path of alice's calendar."""
    return f"/calendar/{stored(app, Scope.CALENDAR_READ)}.ics"


def get(app: App, path: str, method: str = "GET", **request: Any) -> httpx.Response:
    return send_request(app, method, path, None, **request)


def app_with_little_work(repository: InMemoryTaskRepository | None = None) -> App:
    """Return an app whose users have five units of work, which are never renewed."""
    app = app_on(repository or InMemoryTaskRepository())
    app.container.user_limits.override(providers.Object(UserLimits(Bounds(10, 10, 1), clock=lambda: 1.0)))
    return app


def add(app: App, **fields: Any) -> None:
    assert send_request(app, "POST", TASKS, json={"title": "Buy milk", **fields}).status_code == 201


def test_a_calendar_has_the_open_tasks_with_a_due_as_events_or_as_to_dos() -> None:
    app = app_in_memory()
    add(app, due=DUE)
    add(app)
    add(app, due=DUE, complete=True)
    send_request(app, "POST", "/api/bob/tasks", token_of("bob"), json={"title": "b", "due": DUE})
    path = calendar_of(app)

    events, todos, same = get(app, path), get(app, f"{path}?as=todo"), get(app, f"{path}?as=event")

    assert events.status_code == 200
    assert events.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert events.headers["Cache-Control"] == "private, no-cache"
    assert events.headers["Content-Disposition"] == 'inline; filename="tasks.ics"'
    assert [event.uid.value for event in read(events.text).vevent_list] == ["task-1@alice"]
    assert [todo.uid.value for todo in read(todos.text).vtodo_list] == ["task-1@alice"]
    assert same.text == events.text


def test_a_calendar_may_be_empty() -> None:
    app = app_in_memory()

    assert read(get(app, calendar_of(app)).text).x_wr_calname.value == "Tasks"


def test_head_has_the_headers_of_get_without_a_body() -> None:
    app = app_in_memory()
    path = calendar_of(app)

    found, head = get(app, path), get(app, path, "HEAD")

    assert (head.status_code, head.content) == (200, b"")
    assert {**head.headers, "x-request-id": ""} == {**found.headers, "x-request-id": ""}


class RevisionsOnly(InMemoryTaskRepository):
    """A store that no longer lists tasks when it is told so."""

    is_locked = False

    async def list(self, user_id: UserId, query: TaskQuery) -> TaskPage:
        assert not self.is_locked
        return await super().list(user_id, query)


def test_an_unchanged_calendar_is_304_after_a_look_at_the_revision_alone() -> None:
    repository = RevisionsOnly()
    app = app_on(repository)
    add(app, due=DUE)
    path = calendar_of(app)
    tags = [get(app, each).headers["ETag"] for each in (path, f"{path}?as=todo")]

    repository.is_locked = True
    unchanged = get(app, path, headers={"If-None-Match": tags[0]})

    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert (unchanged.headers["ETag"], unchanged.headers["Cache-Control"]) == (tags[0], "private, no-cache")
    assert tags[0] != tags[1]


def test_a_changed_list_has_another_tag() -> None:
    app = app_in_memory()
    path = calendar_of(app)
    before = get(app, path).headers["ETag"]

    add(app)
    after = get(app, path, headers={"If-None-Match": before})

    assert after.status_code == 200
    assert after.headers["ETag"] != before


def other_tokens(app: App) -> dict[str, str]:
    """Return tokens that open no calendar."""
    scopes = {str(scope): stored(app, scope) for scope in (Scope.TASKS_READ, Scope.TASKS_WRITE)}
    expired = stored(app, Scope.CALENDAR_READ, expires_at=datetime(2026, 1, 2, tzinfo=UTC))
    return {**refused_tokens(app), **scopes, "expired": expired, "a session token": token_of("alice"), "text": "x"}


APP = app_in_memory()
OTHERS = other_tokens(APP)


@pytest.mark.parametrize("fault", OTHERS)
@pytest.mark.parametrize("query", ["", "?unknown=1"])
def test_every_other_token_gets_the_same_404(fault: str, query: str) -> None:
    refused = get(APP, f"/calendar/{OTHERS[fault]}.ics{query}")

    changing = {"timestamp", "request_id"}
    assert {name: value for name, value in refused.json().items() if name not in changing} == {
        "type": "urn:problem:todo:not-found",
        "title": "Not found",
        "status": 404,
        "detail": "there is no calendar with this token",
        "instance": "/calendar/%7Btoken%7D",
        "error_code": "NOT_FOUND",
    }
    assert "WWW-Authenticate" not in refused.headers


def test_a_calendar_token_in_a_header_opens_no_calendar() -> None:
    app = app_in_memory()
    token = stored(app, Scope.CALENDAR_READ)

    assert refusal(send_request(app, "GET", "/calendar/x.ics", token)) == (404, "NOT_FOUND")


def test_a_calendar_ends_when_its_token_is_revoked(alice: httpx.Client) -> None:
    token = create(alice, "calendar:read")
    url = str(alice.base_url.join(f"/calendar/{token['token']}.ics"))
    assert httpx.get(url).status_code == 200

    alice.delete(f"/access-tokens/{token['id']}")

    assert refusal(httpx.get(url)) == (404, "NOT_FOUND")


# In the order of the checks.
FAULTS = {
    "method": (405, "METHOD_NOT_ALLOWED"),
    "token": (404, "NOT_FOUND"),
    "work": (429, "RATE_LIMITED"),
    "body": (400, "VALIDATION_ERROR"),
    "query": (422, "VALIDATION_ERROR"),
}


@pytest.mark.parametrize("first", FAULTS)
def test_of_several_faults_the_one_checked_first_is_reported(first: str) -> None:
    faults = list(FAULTS)[list(FAULTS).index(first) :]
    app = app_with_little_work()
    path = calendar_of(app)
    for _ in range(5 if "work" in faults else 1):
        assert get(app, path).status_code == 200

    refused = get(
        app,
        path.replace(".ics", "x.ics") if "token" in faults else path,
        "POST" if "method" in faults else "GET",
        params={"as": "tasks"} if "query" in faults else None,
        content=b"x" if "body" in faults else None,
    )

    assert refusal(refused) == FAULTS[first]


def test_an_unknown_parameter_is_named() -> None:
    app = app_in_memory()

    assert places(get(app, f"{calendar_of(app)}?form=todo")) == [["query", "form"]]


class Failing(InMemoryTaskRepository):
    """A store that fails when it lists tasks."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    async def list(self, user_id: UserId, query: TaskQuery) -> TaskPage:
        del user_id, query
        raise self._error


def test_the_token_is_in_no_log_line_and_in_no_problem_document(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "httpx")  # the client of the test logs its URLs
    caplog.set_level(logging.DEBUG)
    app, secure = app_with_little_work(), app_in_memory(env="production", trusted_proxies="127.0.0.1")
    failing, broken = app_on(Failing(StorageUnavailable("gone"))), app_on(Failing(LookupError()))
    path, session = calendar_of(app), token_of("alice")
    unknown = path.replace("todo_pat_", "todo_pat_eA")
    tried = [
        *[(app, each, "GET") for each in (path, unknown, f"{path}?as=x", path.removesuffix(".ics"), f"{path}/x")],
        *[(app, each, "GET") for each in (f"/api{path}", path.upper(), path[:-4] + ".ICS", f"/calendar/x/{session}")],
        *[(app, f"/calendar/{session}.ics", method) for method in ("GET", "HEAD", "DELETE")],
        *[(each, calendar_of(each), "GET") for each in (failing, broken)],
        *[(app, path, "GET")] * 5,
    ]

    responses = [get(each, address, method) for each, address, method in tried]
    responses.append(send_request(secure, "GET", path, None, headers={"X-Forwarded-For": "203.0.113.7"}))
    responses.append(get(app, path, headers={"X-Large": "a" * 100_000}))

    statuses = {response.status_code for response in responses}
    assert statuses == {200, 404, 422, 405, 500, 429, 403, 431}
    logged = repr([vars(record) for record in caplog.records]).lower()
    shown = "".join(response.text for response in responses if response.is_error).lower()
    for _, address, _ in tried:
        secret = address.lower().partition(".ics")[0].rpartition(".")[2]
        assert len(secret) > 40
        assert secret not in logged
        assert secret not in shown
    routes = {vars(record)["fields"]["route"] for record in caplog.records if record.name == "todo_api.requests"}
    assert routes == {None, "/calendar/{token}.ics"}


def test_the_log_has_the_user_of_a_calendar_and_the_reason_of_a_refusal(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "todo_api.requests")
    app = app_in_memory()

    get(app, calendar_of(app))
    get(app, f"/calendar/{other_tokens(app)['expired']}.ics")

    fields = [vars(record)["fields"] for record in caplog.records if record.name == "todo_api.requests"]
    assert [(line["user_id"], line["reason"]) for line in fields] == [
        ("alice", None),
        (None, "the access token has expired"),
    ]


def test_a_task_in_a_calendar_costs_as_much_work_as_four_in_json() -> None:
    repository = InMemoryTaskRepository()
    unlimited, app = app_on(repository), app_with_little_work(repository)
    for _ in range(20):
        add(unlimited, due=DUE)
    path = calendar_of(app)

    assert get(app, path).status_code == 200

    assert refusal(get(app, path)) == (429, "RATE_LIMITED")


def test_polling_uses_up_work_even_if_nothing_has_changed() -> None:
    app = app_with_little_work()
    path = calendar_of(app)

    statuses = [get(app, path, headers={"If-None-Match": "*"}).status_code for _ in range(6)]

    assert statuses == [304] * 5 + [429]


def test_a_long_calendar_has_each_task_once_and_leaves_the_event_loop_to_others_between_them() -> None:
    app = app_in_memory()
    operations = [{"op": "create", "task": {"title": "a", "due": DUE}}] * 100
    for _ in range(2):
        send_request(app, "POST", f"{TASKS}/batch", json={"operations": operations})
    path = calendar_of(app)
    get(app, path)  # imports what writes calendars
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def scenario() -> httpx.Response:
        counting = asyncio.create_task(count_turns())
        async with client_of(app, None) as client:
            response = await client.get(path)
        counting.cancel()
        return response

    events = read(asyncio.run(scenario()).text).vevent_list

    assert sorted(event.uid.value for event in events) == sorted(f"task-{number}@alice" for number in range(1, 201))
    assert turns > 200
