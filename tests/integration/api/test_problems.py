"""Every error is a problem document (RFC 9457) that reveals nothing confidential."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, Request
from starlette.responses import Response

from tests.integration.api.asgi import app_in_memory, send_request
from tests.integration.api.problems import is_untouched, problem_types, refusal
from tests.integration.server import Server, new_user, token_of
from tests.signing_keys import SigningKey
from todo_adapters.sql.postgres.driver.errors import ConnectionLost
from todo_api.http.authentication import Tasks
from todo_api.http.error_help import ERROR_HELP
from todo_api.http.owner_route import OwnerRoute
from todo_api.http.problems import DATABASE_ERROR, PROBLEMS, UNEXPECTED, problem_of, problem_response
from todo_domain import TodoError, UserId
from todo_domain.access_token import new_secret

MEMBERS = {"type", "title", "status", "detail", "instance", "error_code", "timestamp", "request_id"}


def assert_is_problem(response: httpx.Response, status: int, code: str) -> None:
    """Check what all problems have in common."""
    assert refusal(response) == (status, code)
    problem = response.json()
    assert set(problem) - {"errors"} == MEMBERS
    assert problem["type"] == f"urn:problem:todo:{code.lower().replace('_', '-')}"
    assert problem["status"] == status
    assert problem["title"]
    assert isinstance(problem["detail"], str)
    assert problem["detail"]
    assert problem["instance"] == response.request.url.path
    assert problem["timestamp"].endswith("Z")
    assert timedelta() <= datetime.now(UTC) - datetime.fromisoformat(problem["timestamp"]) < timedelta(minutes=1)
    assert problem["request_id"] == response.headers["X-Request-ID"]
    help_page = response.request.url.join(response.links["help"]["url"])
    assert str(help_page) == f"{response.request.url.join('/docs/errors')}#{code.lower().replace('_', '-')}"
    for error in problem.get("errors", []):
        assert set(error) == {"loc", "msg", "type"}


def create(client: httpx.Client, title: str, key: str) -> httpx.Response:
    return client.post("/tasks", json={"title": title}, headers={"Idempotency-Key": key})


def stale(client: httpx.Client) -> httpx.Response:
    create(client, "a", "k")
    return client.delete("/tasks/1", headers={"If-Match": '"7"'})


def conflicting(client: httpx.Client) -> httpx.Response:
    create(client, "a", "k")
    return create(client, "b", "k")


CAUSES: list[tuple[int, str, Callable[[httpx.Client], httpx.Response]]] = [
    (401, "AUTH_MISSING", lambda client: httpx.get(str(client.base_url.join("tasks")))),
    (401, "AUTH_INVALID", lambda client: client.get("/tasks", headers={"Authorization": "Bearer x"})),
    (403, "AUTH_FORBIDDEN", lambda client: client.get(str(client.base_url.join(f"../{new_user()}/tasks")))),
    (400, "VALIDATION_ERROR", lambda client: client.post("/tasks", json=[])),
    (422, "VALIDATION_ERROR", lambda client: client.post("/tasks", json={"title": ""})),
    (404, "NOT_FOUND", lambda client: client.get("/tasks/1")),
    (405, "METHOD_NOT_ALLOWED", lambda client: client.delete("/tasks")),
    (415, "UNSUPPORTED_MEDIA_TYPE", lambda client: client.post("/tasks", content=b"{}")),
    (413, "PAYLOAD_TOO_LARGE", lambda client: client.post("/tasks", json={"title": "a" * 70_000})),
    (431, "HEADERS_TOO_LARGE", lambda client: client.get("/tasks", headers={"X-Large": "a" * 70_000})),
    (412, "PRECONDITION_FAILED", stale),
    (422, "IDEMPOTENCY_CONFLICT", conflicting),
    (410, "CURSOR_EXPIRED", lambda client: client.get("/changes", params={"since": "other.1"})),
]


@pytest.mark.parametrize(("status", "code", "cause"), CAUSES, ids=[f"{code}-{status}" for status, code, _ in CAUSES])
def test_an_error_is_a_problem_with_all_members(
    alice: httpx.Client, status: int, code: str, cause: Callable[[httpx.Client], httpx.Response]
) -> None:
    assert_is_problem(cause(alice), status, code)


ENDPOINTS = [
    ("GET", "/tasks", None),
    ("POST", "/tasks", {"title": "a"}),
    ("GET", "/tasks/1", None),
    ("PUT", "/tasks/1", {"title": "a", "complete": False}),
    ("PATCH", "/tasks/1", {"title": "a"}),
    ("DELETE", "/tasks/1", None),
    ("POST", "/tasks/batch", {"operations": [{"op": "delete", "id": 1}]}),
    ("GET", "/changes", None),
    ("GET", "/changes/stream", None),
]


@pytest.mark.parametrize(("method", "path", "body"), ENDPOINTS)
def test_a_database_failure_gets_500_with_retry_after(
    server_without_database: Server, method: str, path: str, body: Any
) -> None:
    with server_without_database.client() as client:
        response = client.request(method, path, json=body)

    assert_is_problem(response, 500, "DATABASE_ERROR")
    assert int(response.headers["Retry-After"]) >= 1
    for cause in ("psycopg", "connect", "127.0.0.1", "SELECT", "Error:", "tasks_"):
        assert cause not in response.text


def test_an_invalid_token_gets_401_even_if_the_database_fails(server_without_database: Server) -> None:
    with server_without_database.client() as client:
        response = client.get("/tasks", headers={"Authorization": "Bearer x"})

    assert refusal(response) == (401, "AUTH_INVALID")


def test_an_access_token_that_cannot_be_looked_up_gets_500_and_not_401(server_without_database: Server) -> None:
    with server_without_database.client("alice") as client:
        response = client.get("/tasks", headers={"Authorization": f"Bearer {new_secret(UserId('alice'))}"})

    assert refusal(response) == (500, "DATABASE_ERROR")
    assert int(response.headers["Retry-After"]) >= 1


def test_unavailable_keys_get_503_with_retry_after(server_without_keys: Server) -> None:
    token = SigningKey.generate().sign(
        {"user_id": "alice", "exp": (datetime.now(UTC) + timedelta(hours=1)).timestamp()}
    )

    response = httpx.get(f"{server_without_keys.url}/api/alice/tasks", headers={"Authorization": f"Bearer {token}"})

    assert_is_problem(response, 503, "AUTH_UNAVAILABLE")
    assert int(response.headers["Retry-After"]) >= 1
    assert "127.0.0.1" not in response.text


owners = APIRouter(prefix="/api/{user_id}", route_class=OwnerRoute)
others = APIRouter()


@owners.get("/broken")
async def break_for_owner(tasks: Tasks) -> Response:
    raise LookupError(f"secret of {tasks.user_id}")


@others.get("/broken")
async def break_for_all() -> Response:
    raise LookupError("secret")


@pytest.mark.parametrize("path", ["/api/alice/broken", "/broken"])
def test_an_unexpected_error_is_described_only_in_the_log(path: str, caplog: pytest.LogCaptureFixture) -> None:
    app = app_in_memory()
    app.router.routes.extend([*owners.routes, *others.routes])

    response = send_request(app, "GET", path)

    assert_is_problem(response, 500, "INTERNAL_ERROR")
    assert "secret" not in response.text
    assert "LookupError" not in response.text
    (logged,) = [record for record in caplog.records if record.exc_info]
    assert "LookupError: secret" in caplog.text
    assert vars(logged)["fields"]["request_id"] == response.json()["request_id"]


SECRET = "s3cret"


@pytest.mark.parametrize(
    ("method", "path", "request_parts"),
    [
        ("POST", "/tasks", {"json": {"title": [SECRET], "priority": SECRET, "complete": SECRET, "tags": SECRET}}),
        (
            "POST",
            "/tasks",
            {"json": {"title": SECRET * 40, "due": {"date": SECRET, "time": SECRET}, "tags": [[SECRET]]}},
        ),
        (
            "POST",
            "/tasks",
            {"json": {"title": "a", "due": {"date": "2026-12-01", "time": "17:00", "timezone": SECRET}}},
        ),
        ("POST", "/tasks", {"json": {"title": "a"}, "headers": {"Idempotency-Key": f"{SECRET} x"}}),
        ("POST", "/tasks", {"json": {"title": "a"}, "headers": {"Content-Type": SECRET}}),
        ("POST", "/tasks", {"json": SECRET}),
        ("POST", "/tasks/batch", {"json": {"operations": [{"op": SECRET}, SECRET, {"op": "delete", "id": SECRET}]}}),
        ("GET", "/tasks", {"params": dict.fromkeys(["sort", "limit", "complete", "priority", "due_from"], SECRET)}),
        ("GET", "/tasks", {"params": {"cursor": SECRET}}),
        ("GET", "/tasks", {"headers": {"If-None-Match": SECRET}}),
        ("DELETE", "/tasks/1", {"headers": {"If-Match": SECRET}}),
        ("GET", "/changes", {"params": {"since": SECRET}}),
        ("GET", "/changes/stream", {"headers": {"Last-Event-ID": SECRET}}),
        ("GET", "/tasks", {"headers": {"Authorization": f"Bearer {SECRET}"}}),
    ],
)
def test_a_problem_never_repeats_what_was_sent(
    alice: httpx.Client, method: str, path: str, request_parts: dict[str, Any]
) -> None:
    response = alice.request(method, path, **request_parts)

    assert response.is_client_error
    assert SECRET not in response.text
    assert is_untouched(alice)


@pytest.mark.parametrize("path", ["", "/", "/a", "/a/", "/a/b%2Fc/d", "/health/x?q=/y/z"])
def test_the_help_link_stays_below_a_prefix_that_a_proxy_strips(path: str) -> None:
    response = send_request(app_in_memory(), "DELETE", path)

    help_page = httpx.URL(f"https://example.org/todo{path or '/'}").join(response.links["help"]["url"])
    assert str(help_page).startswith("https://example.org/todo/docs/errors#")


def test_the_help_link_for_unread_headers_starts_at_the_root() -> None:
    scope = {"type": "http", "path": "", "request_id": "x"}

    response = problem_response(Request(scope), UNEXPECTED)

    assert response.headers["Link"] == '</docs/errors#internal-error>; rel="help"'


def test_every_problem_has_a_help_text() -> None:
    assert ERROR_HELP.keys() == problem_types()
    for help_text in ERROR_HELP.values():
        for sentences in (help_text.when, help_text.what_to_do):
            assert sentences.endswith(".")
            assert sentences.count("`") % 2 == 0


def test_a_problem_can_have_any_path(alice: httpx.Client) -> None:
    response = alice.get("/%E2%82%AC/%FF%00%0A%20")

    assert refusal(response) == (404, "NOT_FOUND")
    assert response.json()["instance"].isascii()


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/tasks", "GET, HEAD, POST"),
        ("/tasks/1", "DELETE, GET, HEAD, PATCH, PUT"),
        ("/tasks/batch", "POST"),
        ("/changes", "GET, HEAD"),
        ("/changes/stream", "GET, HEAD"),
        ("/../../health", "GET, HEAD"),
        ("/../../health/ready", "GET, HEAD"),
    ],
)
def test_405_lists_the_allowed_methods(alice: httpx.Client, path: str, allowed: str) -> None:
    for method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"} - set(allowed.split(", ")):
        response = alice.request(method, path)

        assert response.status_code == 405
        assert response.headers["Allow"] == allowed


@pytest.mark.parametrize("credentials", [None, "", "Basic YTpi", "Bearer", "Token x", "Bearerx"])
def test_a_request_without_a_bearer_token_gets_auth_missing(alice: httpx.Client, credentials: str | None) -> None:
    headers = {} if credentials is None else {"Authorization": credentials}

    response = httpx.get(str(alice.base_url.join("tasks")), headers=headers)

    assert refusal(response) == (401, "AUTH_MISSING")
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="todo"'


def wrong_tokens() -> dict[str, list[str]]:
    """Return Authorization headers with tokens of alice, each with a different fault."""
    good = token_of("alice")
    return {
        "garbage": ["Bearer x"],
        "expired": [f"Bearer {token_of('alice', timedelta(minutes=-5))}"],
        "unsigned": [f"Bearer {good.rpartition('.')[0]}."],
        "forged": [f"Bearer {good[:-2]}AA"],
        "two headers": [f"Bearer {good}", f"Bearer {good}"],
        "two tokens": [f"Bearer {good} {good}"],
        "too long": ["Bearer " + "x" * 9000],
    }


@pytest.mark.parametrize("fault", wrong_tokens())
def test_every_fault_of_a_token_gets_the_same_response(server: Server, fault: str) -> None:
    headers = [("Authorization", line) for line in wrong_tokens()[fault]]

    response = httpx.get(f"{server.url}/api/alice/tasks", headers=headers)

    assert refusal(response) == (401, "AUTH_INVALID")
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="todo", error="invalid_token"'
    assert response.json()["detail"] == "the token is not valid"


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "bEaReR"])
def test_the_bearer_scheme_is_case_insensitive(server: Server, scheme: str) -> None:
    user = new_user()

    response = httpx.get(f"{server.url}/api/{user}/tasks", headers={"Authorization": f"{scheme} {token_of(user)}"})

    assert response.status_code == 200


def kinds_of(root: type[TodoError]) -> Iterable[type[TodoError]]:
    """Return the error classes without subclasses, including those of adapters: only these are raised."""
    kinds = root.__subclasses__()
    return [each for kind in kinds for each in kinds_of(kind)] or [root]


def unmapped() -> set[str]:
    return {kind.__name__ for kind in kinds_of(TodoError) if PROBLEMS.keys().isdisjoint(kind.__mro__)}


def test_an_error_of_an_adapter_gets_the_problem_of_its_domain_error() -> None:
    assert problem_of(ConnectionLost()).problem_type == DATABASE_ERROR


def test_every_domain_error_has_a_problem_and_an_unmapped_one_is_detected() -> None:
    before = unmapped()

    class Planted(TodoError):
        pass

    assert before == set()
    assert unmapped() == {Planted.__name__}
