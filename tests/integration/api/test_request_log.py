"""The log has one line for every request, without tokens, titles or bodies."""

import asyncio
import logging
import re
from typing import Any

import pytest
from fastapi import APIRouter
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from tests.integration.api.asgi import app_in_memory, send_request
from tests.integration.server import token_of
from todo_api.app import App
from todo_api.http.authentication import Tasks
from todo_api.http.owner_route import OwnerRoute


@pytest.fixture(autouse=True)
def _listening(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "todo_api.requests")


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """Return the fields of the lines about requests."""
    return [vars(record)["fields"] for record in caplog.records if record.getMessage() == "request"]


@pytest.mark.parametrize(
    ("method", "path", "route", "outcome"),
    [
        ("GET", "/api/alice/tasks?q=x", "/api/{user_id}/tasks", (200, "alice", None)),
        ("POST", "/api/alice/tasks", "/api/{user_id}/tasks", (201, "alice", None)),
        ("GET", "/api/alice/tasks/1", "/api/{user_id}/tasks/{task_id}", (404, "alice", "NOT_FOUND")),
        ("GET", "/api/bob/tasks", "/api/{user_id}/tasks", (403, "alice", "AUTH_FORBIDDEN")),
        ("DELETE", "/api/alice/changes", "/api/{user_id}/changes", (405, None, "METHOD_NOT_ALLOWED")),
        ("GET", "/health", "/health", (200, None, None)),
        ("GET", "/nothing", None, (404, None, "NOT_FOUND")),
    ],
)
def test_a_log_line_has_the_request_and_its_outcome(
    caplog: pytest.LogCaptureFixture, method: str, path: str, route: str | None, outcome: tuple[int, str, str]
) -> None:
    response = send_request(app_in_memory(), method, path, json={"title": "a"} if method == "POST" else None)

    (line,) = lines(caplog)
    assert 0 <= line.pop("duration_ms") < 60_000
    assert line == {
        "request_id": response.headers["X-Request-ID"],
        "method": method,
        "route": route,
        **dict(zip(["status", "user_id", "error_code"], outcome, strict=True)),
        "reason": None,
    }


def test_the_log_record_factory_of_the_host_is_used(caplog: pytest.LogCaptureFixture) -> None:
    class Record(logging.LogRecord):
        """A record of the host program's own class."""

    before = logging.getLogRecordFactory()
    logging.setLogRecordFactory(Record)
    try:
        send_request(app_in_memory(), "GET", "/health")
    finally:
        logging.setLogRecordFactory(before)

    (record,) = (record for record in caplog.records if record.getMessage() == "request")
    assert isinstance(record, Record)


def test_a_preflight_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    preflight_headers = {"Origin": "https://app.example", "Access-Control-Request-Method": "GET"}
    app = app_in_memory(cors_origins="https://app.example")

    response = send_request(app, "OPTIONS", "/api/alice/tasks", None, headers=preflight_headers)

    (line,) = lines(caplog)
    assert (line["method"], line["status"], line["user_id"]) == ("OPTIONS", 200, None)
    assert line["request_id"] == response.headers["X-Request-ID"]


def test_the_log_has_no_user_id_for_an_invalid_token(caplog: pytest.LogCaptureFixture) -> None:
    send_request(app_in_memory(), "GET", "/api/alice/tasks", "x.y.z")

    (line,) = lines(caplog)
    assert (line["status"], line["user_id"], line["error_code"]) == (401, None, "AUTH_INVALID")
    assert line["reason"], "the operator must learn what was wrong with the token"


def test_tokens_titles_and_bodies_are_never_logged(caplog: pytest.LogCaptureFixture) -> None:
    app, token = app_in_memory(), token_of("alice")
    secret = "s3cret"

    send_request(app, "POST", "/api/alice/tasks", token, json={"title": secret}, headers={"Idempotency-Key": secret})
    send_request(app, "POST", "/api/alice/tasks", token, json={"title": [secret]})
    send_request(app, "GET", f"/api/alice/tasks?q={secret}", token, headers={"X-Request-ID": f"{secret} x"})
    send_request(app, "GET", f"/api/{secret}/tasks/{secret}", secret)

    logged = repr([vars(record) for record in caplog.records])
    assert len(lines(caplog)) == 4
    assert secret not in logged
    assert token not in logged


@pytest.mark.parametrize("given", ["a", "7d3b8f0e-5f0a-4a55-9d25-3f1f7d1c2b7a", "A.b_c-1", "x" * 128])
def test_a_valid_request_id_is_kept(caplog: pytest.LogCaptureFixture, given: str) -> None:
    response = send_request(app_in_memory(), "GET", "/health", headers={"X-Request-ID": given})

    assert response.headers.get_list("X-Request-ID") == [given]
    assert lines(caplog)[0]["request_id"] == given


@pytest.mark.parametrize("given", ["", " ", "a b", "x" * 129, "a\tb", "{}", "\xe9", "a\x00", "a,b"])
def test_any_other_request_id_is_replaced(caplog: pytest.LogCaptureFixture, given: str) -> None:
    response = send_request(app_in_memory(), "GET", "/health", headers=[(b"X-Request-ID", given.encode("latin-1"))])

    (made,) = response.headers.get_list("X-Request-ID")
    assert re.fullmatch("[0-9a-f]{32}", made)
    assert lines(caplog)[0]["request_id"] == made


def test_no_two_requests_have_the_same_id() -> None:
    app = app_in_memory()

    assert len({send_request(app, "GET", "/health").headers["X-Request-ID"] for _ in range(5)}) == 5


def exchange(app: App, method: str, path: str) -> list[Message]:
    """Return what the app sends to alice's client, which disconnects early."""
    headers = [(b"authorization", f"Bearer {token_of('alice')}".encode()), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": headers}
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return sent


def test_a_client_that_disconnects_early_is_logged_as_such(caplog: pytest.LogCaptureFixture) -> None:
    sent = exchange(app_in_memory(), "POST", "/api/alice/tasks")

    (line,) = lines(caplog)
    assert (line["status"], line["error_code"], line["user_id"]) == (0, "CLIENT_DISCONNECTED", "alice")
    assert sent == []


class Breaking(Response):
    """A response that fails after it has sent its headers."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise LookupError


router = APIRouter(prefix="/api/{user_id}", route_class=OwnerRoute)


@router.get("/breaking")
async def break_later(tasks: Tasks) -> Response:
    del tasks
    return Breaking()


def test_a_response_that_fails_after_its_headers_is_logged_and_not_restarted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = app_in_memory()
    app.router.routes.extend(router.routes)

    sent = exchange(app, "GET", "/api/alice/breaking")

    (line,) = lines(caplog)
    assert (line["status"], line["error_code"]) == (200, "INTERNAL_ERROR")
    assert [message["type"] for message in sent] == ["http.response.start"]
