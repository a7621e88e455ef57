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
from todo_api.middleware.request_log import MAX_ADDRESS, MAX_AGENT


@pytest.fixture(autouse=True)
def _listening(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "todo_api.requests")


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """Return the fields of the lines about requests."""
    return [vars(record)["fields"] for record in caplog.records if record.getMessage() == "request"]


@pytest.mark.parametrize(
    ("method", "path", "route", "outcome"),
    [
        ("GET", "/api/alice/tasks?q=x", "/api/{user_id}/tasks", (200, None, "alice", None)),
        ("POST", "/api/alice/tasks", "/api/{user_id}/tasks", (201, 1, "alice", None)),
        ("GET", "/api/alice/tasks/7", "/api/{user_id}/tasks/{task_id}", (404, 7, "alice", "NOT_FOUND")),
        ("GET", "/api/alice/tasks/x", "/api/{user_id}/tasks/{task_id}", (422, None, "alice", "VALIDATION_ERROR")),
        ("GET", "/api/bob/tasks", "/api/{user_id}/tasks", (403, None, "alice", "AUTH_FORBIDDEN")),
        ("DELETE", "/api/alice/changes", "/api/{user_id}/changes", (405, None, None, "METHOD_NOT_ALLOWED")),
        ("GET", "/health", "/health", (200, None, None, None)),
        ("GET", "/nothing", None, (404, None, None, "NOT_FOUND")),
    ],
)
def test_a_log_line_has_the_request_and_its_outcome(
    caplog: pytest.LogCaptureFixture, method: str, path: str, route: str | None, outcome: tuple[Any, ...]
) -> None:
    agent = {"User-Agent": "curl/8.5.0"}
    body = {"title": "a"} if method == "POST" else None

    response = send_request(app_in_memory(), method, path, json=body, headers=agent)

    (line,) = lines(caplog)
    assert 0 <= line.pop("duration_ms") < 60_000
    assert line == {
        "request_id": response.headers["X-Request-ID"],
        "trace_id": None,
        "method": method,
        "route": route,
        **dict(zip(["status", "task_id", "user_id", "error_code"], outcome, strict=True)),
        "client_address": "127.0.0.1",
        "user_agent": "curl/8.5.0",
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


def test_the_trace_of_a_request_is_in_the_log_and_in_its_problem_document(caplog: pytest.LogCaptureFixture) -> None:
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"

    traced, untraced = (
        send_request(app_in_memory(), "GET", "/nothing", headers={"traceparent": f"00-{trace_id}-{parent}-01"})
        for parent in ("00f067aa0ba902b7", "0" * 16)
    )

    assert traced.json()["trace_id"] == trace_id
    assert "trace_id" not in untraced.json()
    assert [line["trace_id"] for line in lines(caplog)] == [trace_id, None]


@pytest.mark.parametrize(
    ("trusted", "address"),
    [("", "127.0.0.1"), ("10.0.0.1", "127.0.0.1"), ("127.0.0.1", "203.0.113.7"), ("*", "x" * MAX_ADDRESS)],
)
def test_only_a_trusted_proxy_names_the_address_of_the_client(
    caplog: pytest.LogCaptureFixture, trusted: str, address: str
) -> None:
    forwarded = {"X-Forwarded-For": f"{'x' * 1000}, 203.0.113.7"}

    send_request(app_in_memory(trusted_proxies=trusted), "GET", "/health", headers=forwarded)

    assert lines(caplog)[-1]["client_address"] == address


def test_a_server_that_does_not_know_the_address_of_a_client_logs_none(caplog: pytest.LogCaptureFixture) -> None:
    exchange(app_in_memory(), "GET", "/health")

    assert lines(caplog)[-1]["client_address"] is None


@pytest.mark.parametrize("agent", [b"", b"x" * 100_000, b"caf\xe9 \x85\x9b31m", b'" status="500'])
def test_the_user_agent_is_logged_as_it_is_but_at_most_256_characters(
    caplog: pytest.LogCaptureFixture, agent: bytes
) -> None:
    send_request(app_in_memory(), "GET", "/health", headers=[(b"User-Agent", agent)])

    assert lines(caplog)[-1]["user_agent"] == (agent.decode("latin-1")[:MAX_AGENT] or None)


def test_a_request_fails_at_the_level_error(caplog: pytest.LogCaptureFixture) -> None:
    app = app_in_memory()
    app.router.routes.extend(router.routes)
    caplog.set_level(logging.WARNING, "todo_api.requests")

    refused = send_request(app, "GET", "/nothing")
    failed = send_request(app, "GET", "/api/alice/failing")

    assert (refused.status_code, failed.status_code) == (404, 500)
    assert [line["status"] for line in lines(caplog)] == [500]
    assert {record.levelname for record in caplog.records if record.name == "todo_api.requests"} == {"ERROR"}


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


@router.get("/failing")
async def fail(tasks: Tasks) -> Response:
    del tasks
    raise LookupError


def test_a_response_that_fails_after_its_headers_is_logged_and_not_restarted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = app_in_memory()
    app.router.routes.extend(router.routes)

    sent = exchange(app, "GET", "/api/alice/breaking")

    (line,) = lines(caplog)
    assert (line["status"], line["error_code"]) == (200, "INTERNAL_ERROR")
    assert [message["type"] for message in sent] == ["http.response.start"]
