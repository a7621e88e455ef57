"""The erasure of everything of a user over HTTP."""

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from dependency_injector import providers

from tests.integration.api.asgi import app_in_memory, send_request
from tests.integration.api.problems import places, refusal
from tests.integration.api.test_access_tokens import ROUTES, bearer, create, stored
from tests.integration.api.test_stream import Events, stream
from tests.integration.server import Server, running_server, settings_for, token_of, user_of
from tests.tokens import hs256
from todo_adapters.sql.sqlite.repository import SqliteTaskRepository
from todo_api.container import Container
from todo_api.server import erased_users, store_opening
from todo_domain import Scope, TaskDraft, UserId


def token_issued(user: str, seconds_ago: float | None) -> dict[str, str]:
    """Return the header with a token that was issued some seconds ago; None: that does not say when."""
    now = datetime.now(UTC).timestamp()
    claims: dict[str, Any] = {"user_id": user, "exp": now + 900}
    if seconds_ago is not None:
        claims["iat"] = now - seconds_ago
    return bearer(hs256(claims))


def erase(client: httpx.Client, confirm: str | None = None, **options: Any) -> httpx.Response:
    return client.request(
        "DELETE", str(client.base_url).rstrip("/"), json={"confirm": confirm or user_of(client)}, **options
    )


def test_nothing_is_left_of_an_erased_user(alice: httpx.Client) -> None:
    alice.post("/tasks", json={"title": "a"}, headers={"Idempotency-Key": "k"})
    alice.delete("/tasks/1")
    alice.post("/projects", json={"name": "p"})
    alice.post("/tasks", json={"title": "b", "project_id": 1})
    access_token = bearer(create(alice, "tasks:write")["token"])
    before = alice.get("/changes").json()["next"]
    tag = alice.get("/tasks").headers["ETag"]

    response = erase(alice)

    assert (response.status_code, response.content) == (204, b"")
    newer = token_issued(user_of(alice), -1)
    for path, name in (("tasks", "tasks"), ("trash", "tasks"), ("projects", "projects"), ("changes", "changes")):
        assert alice.get(f"/{path}", headers=newer).json()[name] == []
    assert alice.get("/access-tokens", headers=newer).json()["count"] == 0
    assert alice.get("/tasks", headers={**newer, "If-None-Match": tag}).status_code == 200
    assert refusal(alice.get("/changes", params={"since": before}, headers=newer)) == (410, "CURSOR_EXPIRED")
    assert refusal(alice.get("/tasks", headers=access_token)) == (401, "AUTH_INVALID")
    again = alice.post("/tasks", json={"title": "a"}, headers={**newer, "Idempotency-Key": "k"})
    assert (again.json()["id"], "Idempotency-Replayed" in again.headers) == (3, False)


@pytest.mark.parametrize("seconds_ago", [None, 0.5, 60])
def test_a_token_from_before_the_erasure_is_refused(alice: httpx.Client, seconds_ago: float | None) -> None:
    earlier = token_issued(user_of(alice), seconds_ago)
    assert alice.get("/tasks", headers=earlier).status_code == 200

    erase(alice)

    for method, path in (("GET", "/tasks"), ("POST", "/tasks"), ("GET", "/changes/stream")):
        assert refusal(alice.request(method, path, headers=earlier)) == (401, "AUTH_INVALID")
    assert refusal(erase(alice)) == (401, "AUTH_INVALID")


def test_every_route_refuses_a_token_from_before_the_erasure() -> None:
    app = app_in_memory()
    access_token = stored(app, Scope.TASKS_WRITE)
    tokens = [access_token, hs256({"user_id": "alice", "exp": datetime.now(UTC).timestamp() + 900}), token_of("alice")]
    send_request(app, "DELETE", "/api/alice", tokens[-1], json={"confirm": "alice"})

    for method, path, _ in ROUTES:
        address = f"/api/alice{path}".replace("{", "").replace("}", "")
        for token in tokens:
            assert refusal(send_request(app, method, address, token)) == (401, "AUTH_INVALID")


def test_the_calendar_of_an_erased_user_is_gone() -> None:
    app = app_in_memory()
    calendar = f"/calendar/{stored(app, Scope.CALENDAR_READ)}.ics"
    found = send_request(app, "GET", calendar, None)
    send_request(app, "DELETE", "/api/alice", json={"confirm": "alice"})

    assert found.status_code == 200
    assert refusal(send_request(app, "GET", calendar, None)) == (404, "NOT_FOUND")


def test_a_token_of_a_second_later_is_accepted_and_can_erase_again(alice: httpx.Client) -> None:
    erase(alice)
    newer = token_issued(user_of(alice), -1)
    assert alice.post("/tasks", json={"title": "a"}, headers=newer).status_code == 201

    response = erase(alice, headers=newer)

    assert response.status_code == 204
    assert alice.get("/tasks", headers=token_issued(user_of(alice), -2)).json()["tasks"] == []


@pytest.mark.parametrize("seconds_ago", [None, 301])
def test_a_token_that_was_not_issued_lately_can_not_erase(alice: httpx.Client, seconds_ago: float | None) -> None:
    alice.post("/tasks", json={"title": "a"})

    response = erase(alice, headers=token_issued(user_of(alice), seconds_ago))

    assert refusal(response) == (403, "AUTH_FORBIDDEN")
    assert response.json()["detail"] == "the token was issued too long ago: get a new session token"
    assert alice.get("/tasks").json()["count"] == 1


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"content": b""}, ["body", "confirm"]),
        ({"json": {}}, ["body", "confirm"]),
        ({"json": {"confirm": "bob"}}, ["body", "confirm"]),
        ({"json": {"confirm": None}}, ["body", "confirm"]),
        ({"json": {"confirm": True}}, ["body", "confirm"]),
        ({"json": {"confirm": ""}}, ["body", "confirm"]),
        ({"json": {"confirm": "ALICE"}}, ["body", "confirm"]),
        ({"json": {"confirm": "alice", "force": True}}, ["body", "force"]),
    ],
)
def test_without_the_right_confirmation_nothing_is_erased(body: dict[str, Any], place: list[str]) -> None:
    app = app_in_memory()
    send_request(app, "POST", "/api/alice/tasks", json={"title": "a"})

    response = send_request(app, "DELETE", "/api/alice", **body)

    assert refusal(response) == (422, "VALIDATION_ERROR")
    assert places(response) == [place]
    assert send_request(app, "GET", "/api/alice/tasks").json()["count"] == 1


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"content": b"{"}, (400, "VALIDATION_ERROR")),
        ({"content": b"[]"}, (400, "VALIDATION_ERROR")),
        ({"content": b"confirm=alice", "headers": {"Content-Type": "text/plain"}}, (415, "UNSUPPORTED_MEDIA_TYPE")),
        ({"content": b" " * 70_000}, (413, "PAYLOAD_TOO_LARGE")),
    ],
)
def test_a_bad_body_erases_nothing(body: dict[str, Any], expected: tuple[int, str]) -> None:
    app = app_in_memory()
    body = {"headers": {"Content-Type": "application/json"}, **body}

    assert refusal(send_request(app, "DELETE", "/api/alice", **body)) == expected
    assert refusal(send_request(app, "DELETE", "/api/bob", json={"confirm": "bob"})) == (403, "AUTH_FORBIDDEN")


def test_a_stream_ends_when_its_user_is_erased_and_cannot_be_resumed(alice: httpx.Client) -> None:
    alice.post("/tasks", json={"title": "a"})
    with stream(alice) as events:
        token, _ = events.next()

        erase(alice)

        assert list(events) == []
    newer = token_issued(user_of(alice), -1)
    resumed = alice.get("/changes/stream", headers={**newer, "Last-Event-ID": token})
    assert refusal(resumed) == (410, "CURSOR_EXPIRED")
    with alice.stream("GET", "/changes/stream", headers=newer) as response:
        alice.post("/tasks", json={"title": "b"}, headers=newer)
        assert Events(response).next()[1]["title"] == "b"


def test_an_erasure_during_the_writes_of_five_devices_leaves_nothing(alice: httpx.Client, bob: httpx.Client) -> None:
    bob.post("/tasks", json={"title": "b"})

    def write_until_refused(number: int) -> tuple[int, str]:
        while True:
            key = {"Idempotency-Key": f"{number}"} if number % 2 else {}
            written = alice.post("/tasks", json={"title": f"{number}"}, headers=key)
            if written.is_success:
                written = alice.patch(f"/tasks/{written.json()['id']}", json={"priority": "high"})
            if not written.is_success:
                return written.status_code, written.json()["error_code"]

    with ThreadPoolExecutor() as threads:
        devices = [threads.submit(write_until_refused, number) for number in range(5)]
        while alice.get("/tasks").json()["count"] < 5:
            pass
        response = erase(alice)

    refused = {device.result() for device in devices}
    assert response.status_code == 204
    assert refused <= {(401, "AUTH_INVALID"), (503, "OVERLOADED"), (404, "NOT_FOUND")}
    page = alice.get("/changes", headers=token_issued(user_of(alice), -1)).json()
    assert page["changes"] == []
    assert bob.get("/tasks").json()["count"] == 1


@pytest.fixture
def interrupted(tmp_path: Path) -> Container:
    """A container whose store is in the middle of an erasure of alice."""
    path = tmp_path / "tasks.sqlite3"

    async def begin() -> None:
        async with SqliteTaskRepository(path) as store:
            for _ in range(3):
                await store.add(UserId("alice"), TaskDraft(title="a"), at=datetime.now(UTC))
            await store.erase_user(UserId("alice"), at=datetime.now(UTC), limit=1)

    asyncio.run(begin())
    return Container(settings=settings_for(path))


def test_a_server_completes_an_erasure_that_was_interrupted_when_it_starts(interrupted: Container) -> None:
    with running_server(interrupted) as server, server.client("alice") as alice:
        newer = token_issued("alice", -1)
        while (added := alice.post("/tasks", json={"title": "b"}, headers=newer)).status_code == 503:
            pass

        assert (added.status_code, added.json()["id"]) == (201, 4)


def test_a_write_during_an_erasure_is_told_to_wait(interrupted: Container, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_opening, "purge_hourly", lambda _: asyncio.sleep(3600))
    with running_server(interrupted) as server, server.client("alice") as alice:
        newer = token_issued("alice", -1)

        assert alice.get("/tasks", headers=newer).json()["tasks"] == []
        refused = alice.post("/tasks", json={"title": "b"}, headers=newer)
        erased = erase(alice, headers=newer)

        assert refusal(refused) == (503, "OVERLOADED")
        assert (refused.headers["Retry-After"], refused.json()["detail"]) == (
            "1",
            "everything of the user is being erased",
        )
        assert erased.status_code == 204
        assert alice.post("/tasks", json={"title": "b"}, headers=token_issued("alice", -2)).json()["id"] == 4


def test_an_erasure_is_logged_with_the_user(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with server.client() as alice:
        erase(alice)

    (record,) = (record for record in caplog.records if record.msg == "user erased")
    assert record.fields == {"user_id": user_of(alice)}  # type: ignore[attr-defined]


def test_an_erasure_takes_no_more_work_per_second_than_other_requests(tmp_path: Path) -> None:
    container = Container(settings=settings_for(tmp_path / "tasks.sqlite3", work_per_second=100))
    container.task_repository.override(providers.Singleton(Steps, tmp_path / "tasks.sqlite3"))
    with running_server(container) as server, server.client("alice") as alice:
        began = time.monotonic()
        response = erase(alice)

    # The first 25 steps are those of half a burst.
    assert response.status_code == 204
    assert time.monotonic() - began > 0.3


class Steps(SqliteTaskRepository):
    """A store whose erasure has many steps."""

    steps = 30

    async def erase_user(self, user_id: UserId, *, at: datetime, limit: int) -> bool:
        self.steps -= 1
        return await super().erase_user(user_id, at=at, limit=limit) and not self.steps


def test_an_erasure_by_another_process_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until then, an earlier token reads an empty list, and writes nothing."""
    app = app_in_memory()
    send_request(app, "POST", "/api/alice/tasks", json={"title": "a"})
    at = datetime.now(UTC) + timedelta(minutes=1)

    asyncio.run(app.container.task_repository().erase_user(UserId("alice"), at=at, limit=10))

    assert send_request(app, "GET", "/api/alice/tasks").json()["tasks"] == []
    assert refusal(send_request(app, "POST", "/api/alice/tasks", json={"title": "b"})) == (401, "AUTH_INVALID")
    monkeypatch.setattr(erased_users, "REFRESH_SECONDS", -1)
    monkeypatch.setattr(erased_users, "MAX_AGE_SECONDS", -1)
    assert refusal(send_request(app, "GET", "/api/alice/tasks")) == (401, "AUTH_INVALID")
    assert send_request(app, "GET", "/api/bob/tasks", token_of("bob")).status_code == 200
