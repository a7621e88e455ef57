"""An export has everything that a user has, of one moment, in the format that the client selects."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.integration.api.asgi import app_in_memory, app_on, client_of, send_request
from tests.integration.api.problems import refusal
from tests.integration.server import Server, token_of
from todo_adapters.in_memory import InMemoryTaskRepository
from todo_api.streaming import export
from todo_domain import Snapshot, UserId

EXPORT = "/api/alice/export"
MEDIA_TYPES = {
    "ndjson": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8; header=present",
    "ical": "text/calendar; charset=utf-8",
}


class Held(InMemoryTaskRepository):
    """A store whose snapshots are taken when `may_read` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.has_begun, self.may_read = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def snapshot(self, user_id: UserId) -> AsyncIterator[Snapshot]:
        self.has_begun.set()
        await self.may_read.wait()
        async with super().snapshot(user_id) as snapshot:
            yield snapshot


def test_an_export_has_the_entries_of_the_feed_and_the_trash(server: Server) -> None:
    with server.client() as client:
        client.post("/projects", json={"name": "Household"})
        client.post("/projects", json={"name": "Garden"})
        for number in range(120):
            assert client.post("/tasks", json={"title": f"{number}", "project_id": 1 + number % 2}).is_success
        client.delete("/tasks/3")
        client.delete("/tasks/4", params={"permanent": True})
        client.delete("/projects/2")

        exported = client.get("/export")

        feed = client.get("/changes", params={"kinds": "task,project", "limit": 500}).json()["changes"]
        trash = client.get("/trash", params={"limit": 500}).json()
    lines = [json.loads(line) for line in exported.text.splitlines()]
    trashed = [{**each, "kind": kind} for kind in ("task", "project") for each in trash[f"{kind}s"]]
    key = "kind", "id"
    assert [(line["kind"], line["id"]) for line in lines] == [
        ("project", 1),
        ("project", 2),
        *(("task", task_id) for task_id in range(1, 121) if task_id != 4),
    ]
    expected = [each for each in feed if not each.get("deleted")] + trashed
    assert lines == sorted(expected, key=lambda each: [each[name] for name in key])
    assert sum("deleted_at" in line for line in lines) == 1 + 60
    assert exported.headers["ETag"] == f'W/"{max(line["revision"] for line in lines)}-61-ndjson"'
    assert exported.headers["Content-Type"] == "application/x-ndjson"
    assert exported.headers["Content-Disposition"] == 'attachment; filename="tasks.ndjson"'


@pytest.mark.parametrize(
    ("accept", "parameters", "name"),
    [
        (None, "", "ndjson"),
        ("*/*", "", "ndjson"),
        ("application/json", "", "ndjson"),
        ("text/csv", "", "csv"),
        ("text/csv;q=0.1, application/x-ndjson", "", "ndjson"),
        ("text/csv;q=0.1, text/calendar", "", "ical"),
        ("text/csv", "?format=ical", "ical"),
        ("text/csv", "?format=ndjson", "ndjson"),
        ("application/x-ndjson", "?format=csv", "csv"),
    ],
)
def test_the_format_is_that_of_the_parameter_or_of_accept(accept: str | None, parameters: str, name: str) -> None:
    app = app_in_memory()

    response = send_request(app, "GET", EXPORT + parameters, headers={"Accept": accept} if accept else {})

    assert response.status_code == 200
    assert response.headers["Content-Type"] == MEDIA_TYPES[name]
    assert response.headers["ETag"] == f'W/"0-0-{name}"'


@pytest.mark.parametrize(
    ("parameters", "location", "message"),
    [
        ("format=xml", "format", "must be ndjson, csv or ical"),
        ("format=", "format", "must be ndjson, csv or ical"),
        ("format=csv&format=csv", "format", "must not occur twice"),
        ("kind=task", "kind", "is not a parameter here"),
    ],
)
def test_an_unknown_format_is_refused_with_the_names_of_the_formats(
    parameters: str, location: str, message: str
) -> None:
    response = send_request(app_in_memory(), "GET", f"{EXPORT}?{parameters}")

    assert refusal(response) == (422, "VALIDATION_ERROR")
    (error,) = response.json()["errors"]
    assert (error["loc"], error["msg"]) == (["query", location], message)


def test_only_the_owner_may_export_and_the_scope_to_read_suffices() -> None:
    app = app_in_memory()
    new = {"name": "backup", "scopes": ["tasks:read"]}
    token = send_request(app, "POST", "/api/alice/access-tokens", json=new).json()["token"]
    calendar = {"name": "calendar", "scopes": ["calendar:read"]}
    other = send_request(app, "POST", "/api/alice/access-tokens", json=calendar).json()["token"]

    assert send_request(app, "GET", EXPORT, token).status_code == 200
    assert refusal(send_request(app, "GET", EXPORT, other)) == (403, "AUTH_FORBIDDEN")
    assert refusal(send_request(app, "GET", EXPORT, token_of("mallory"))) == (403, "AUTH_FORBIDDEN")
    assert refusal(send_request(app, "GET", EXPORT, None)) == (401, "AUTH_MISSING")
    assert refusal(send_request(app, "POST", EXPORT)) == (405, "METHOD_NOT_ALLOWED")


def test_an_export_that_has_not_changed_is_304_until_something_changes_or_is_erased() -> None:
    app = app_in_memory()
    send_request(app, "POST", "/api/alice/tasks", json={"title": "a"})
    send_request(app, "DELETE", "/api/alice/tasks/1")
    tag = send_request(app, "GET", EXPORT).headers["ETag"]

    unchanged = send_request(app, "GET", EXPORT, headers={"If-None-Match": tag})
    as_csv = send_request(app, "GET", f"{EXPORT}?format=csv", headers={"If-None-Match": tag})
    send_request(app, "DELETE", "/api/alice/trash/1")
    erased = send_request(app, "GET", EXPORT, headers={"If-None-Match": tag})

    assert (unchanged.status_code, unchanged.content, unchanged.headers["ETag"]) == (304, b"", tag)
    assert as_csv.status_code == 200
    assert (erased.status_code, erased.content) == (200, b"")


def test_head_returns_the_revision_without_the_export() -> None:
    app = app_in_memory()
    send_request(app, "POST", "/api/alice/tasks", json={"title": "a"})

    response = send_request(app, "HEAD", EXPORT)

    assert (response.status_code, response.content, response.headers["ETag"]) == (200, b"", 'W/"1-0-ndjson"')


@pytest.mark.anyio
async def test_one_export_of_a_user_is_sent_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "WAIT_SECONDS", 0)
    store = Held()
    app = app_on(store)
    async with client_of(app) as alice, client_of(app, token_of("bob")) as bob:
        first = asyncio.create_task(alice.get("/api/alice/export"))
        await store.has_begun.wait()

        refused = await alice.get("/api/alice/export")
        store.may_read.set()

        assert refusal(refused) == (429, "RATE_LIMITED")
        assert refused.headers["RateLimit-Policy"] == '"exports";q=1;qu="concurrent-requests"'
        assert (await bob.get("/api/bob/export")).status_code == 200
        assert (await first).status_code == 200
        assert (await alice.get("/api/alice/export")).status_code == 200


@pytest.mark.anyio
async def test_an_export_waits_for_an_earlier_one_that_is_about_to_end() -> None:
    store = Held()
    async with client_of(app_on(store)) as alice:
        first = asyncio.create_task(alice.get("/api/alice/export"))
        await store.has_begun.wait()
        second = asyncio.create_task(alice.get("/api/alice/export"))
        await asyncio.sleep(0.01)
        store.may_read.set()

        assert (await first).status_code == (await second).status_code == 200


def test_a_client_may_begin_an_export_as_soon_as_it_has_the_earlier_one(server: Server) -> None:
    with server.client() as client:
        client.post("/tasks", json={"title": "a"})

        for method in ("GET", "HEAD") * 10:
            assert client.request(method, "/export").status_code == 200


@pytest.mark.anyio
async def test_a_process_that_sends_as_many_exports_as_it_may_refuses_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "MAX_OPEN", 0)

    async with client_of(app_on(InMemoryTaskRepository())) as alice:
        assert refusal(await alice.get("/api/alice/export")) == (503, "OVERLOADED")


@pytest.mark.anyio
async def test_a_snapshot_may_take_longer_than_other_requests() -> None:
    store = Held()
    app = app_on(store, database_timeout_seconds=0.05)
    async with client_of(app) as alice:
        exporting = asyncio.create_task(alice.get("/api/alice/export"))
        await asyncio.sleep(0.2)
        store.may_read.set()

        assert (await exporting).status_code == 200
