"""Every error as its reader gets it: a problem document (RFC 9457) that says nothing it should not."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, Request
from starlette.responses import Response

from tests.integration.api.asgi import app_in_memory, ask
from tests.integration.api.problems import is_untouched, problem_types, refusal
from tests.integration.server import Server, new_user, token_of
from tests.signing_keys import SigningKey
from todo_adapters.sql.postgres.driver.errors import ConnectionLost
from todo_api.http.authentication import Tasks
from todo_api.http.error_help import ERROR_HELP
from todo_api.http.owner_route import OwnerRoute
from todo_api.http.problems import DATABASE_ERROR, PROBLEMS, UNEXPECTED, problem_of, problem_response
from todo_domain import TodoError

MEMBERS = {"type", "title", "status", "detail", "instance", "error_code", "timestamp", "request_id"}


def assert_is_problem(answer: httpx.Response, status: int, code: str) -> None:
    """Check all that is the same for every problem."""
    assert refusal(answer) == (status, code)
    problem = answer.json()
    assert set(problem) - {"errors"} == MEMBERS
    assert problem["type"] == f"urn:problem:todo:{code.lower().replace('_', '-')}"
    assert problem["status"] == status
    assert problem["title"]
    assert isinstance(problem["detail"], str)
    assert problem["detail"]
    assert problem["instance"] == answer.request.url.path
    assert problem["timestamp"].endswith("Z")
    assert timedelta() <= datetime.now(UTC) - datetime.fromisoformat(problem["timestamp"]) < timedelta(minutes=1)
    assert problem["request_id"] == answer.headers["X-Request-ID"]
    help_page = answer.request.url.join(answer.links["help"]["url"])
    assert str(help_page) == f"{answer.request.url.join('/docs/errors')}#{code.lower().replace('_', '-')}"
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
def test_a_database_that_fails_is_an_error_that_says_when_to_come_again(
    server_without_database: Server, method: str, path: str, body: Any
) -> None:
    with server_without_database.client() as client:
        answer = client.request(method, path, json=body)

    assert_is_problem(answer, 500, "DATABASE_ERROR")
    assert int(answer.headers["Retry-After"]) >= 1
    for cause in ("psycopg", "connect", "127.0.0.1", "SELECT", "Error:", "tasks_"):
        assert cause not in answer.text


def test_a_database_that_fails_is_no_concern_of_strangers(server_without_database: Server) -> None:
    with server_without_database.client() as client:
        answer = client.get("/tasks", headers={"Authorization": "Bearer x"})

    assert refusal(answer) == (401, "AUTH_INVALID")


def test_keys_that_can_not_be_had_are_an_error_that_says_when_to_come_again(server_without_keys: Server) -> None:
    token = SigningKey.generate().sign(
        {"user_id": "alice", "exp": (datetime.now(UTC) + timedelta(hours=1)).timestamp()}
    )

    answer = httpx.get(f"{server_without_keys.url}/api/alice/tasks", headers={"Authorization": f"Bearer {token}"})

    assert_is_problem(answer, 503, "AUTH_UNAVAILABLE")
    assert int(answer.headers["Retry-After"]) >= 1
    assert "127.0.0.1" not in answer.text


owners = APIRouter(prefix="/api/{user_id}", route_class=OwnerRoute)
others = APIRouter()


@owners.get("/broken")
async def break_for_owner(tasks: Tasks) -> Response:
    raise LookupError(f"secret of {tasks.user_id}")


@others.get("/broken")
async def break_for_all() -> Response:
    raise LookupError("secret")


@pytest.mark.parametrize("path", ["/api/alice/broken", "/broken"])
def test_what_nobody_foresaw_is_told_to_the_log_alone(path: str, caplog: pytest.LogCaptureFixture) -> None:
    app = app_in_memory()
    app.router.routes.extend([*owners.routes, *others.routes])

    answer = ask(app, "GET", path)

    assert_is_problem(answer, 500, "INTERNAL_ERROR")
    assert "secret" not in answer.text
    assert "LookupError" not in answer.text
    (logged,) = [record for record in caplog.records if record.exc_info]
    assert "LookupError: secret" in caplog.text
    assert vars(logged)["fields"]["request_id"] == answer.json()["request_id"]


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
    answer = alice.request(method, path, **request_parts)

    assert answer.is_client_error
    assert SECRET not in answer.text
    assert is_untouched(alice)


@pytest.mark.parametrize("path", ["", "/", "/a", "/a/", "/a/b%2Fc/d", "/health/x?q=/y/z"])
def test_the_link_to_the_help_of_a_problem_stays_below_the_prefix_that_a_proxy_strips(path: str) -> None:
    answer = ask(app_in_memory(), "DELETE", path)

    help_page = httpx.URL(f"https://example.org/todo{path or '/'}").join(answer.links["help"]["url"])
    assert str(help_page).startswith("https://example.org/todo/docs/errors#")


def test_the_link_to_the_help_of_an_unread_head_leads_from_the_root() -> None:
    scope = {"type": "http", "path": "", "request_id": "x"}

    answer = problem_response(Request(scope), UNEXPECTED)

    assert answer.headers["Link"] == '</docs/errors#internal-error>; rel="help"'


def test_every_problem_has_a_help_text() -> None:
    assert ERROR_HELP.keys() == problem_types()
    for help_text in ERROR_HELP.values():
        for sentences in (help_text.when, help_text.what_to_do):
            assert sentences.endswith(".")
            assert sentences.count("`") % 2 == 0


def test_the_path_of_a_problem_can_be_any(alice: httpx.Client) -> None:
    answer = alice.get("/%E2%82%AC/%FF%00%0A%20")

    assert refusal(answer) == (404, "NOT_FOUND")
    assert answer.json()["instance"].isascii()


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
def test_a_method_that_is_not_allowed_hears_which_are(alice: httpx.Client, path: str, allowed: str) -> None:
    for method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"} - set(allowed.split(", ")):
        answer = alice.request(method, path)

        assert answer.status_code == 405
        assert answer.headers["Allow"] == allowed


@pytest.mark.parametrize("credentials", [None, "", "Basic YTpi", "Bearer", "Token x", "Bearerx"])
def test_who_sends_no_bearer_token_hears_that_one_is_needed(alice: httpx.Client, credentials: str | None) -> None:
    headers = {} if credentials is None else {"Authorization": credentials}

    answer = httpx.get(str(alice.base_url.join("tasks")), headers=headers)

    assert refusal(answer) == (401, "AUTH_MISSING")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="todo"'


def wrong_tokens() -> dict[str, list[str]]:
    """Return Authorization headers with tokens of alice that are all wrong in another way."""
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
def test_all_faults_of_tokens_are_one_to_their_sender(server: Server, fault: str) -> None:
    headers = [("Authorization", line) for line in wrong_tokens()[fault]]

    answer = httpx.get(f"{server.url}/api/alice/tasks", headers=headers)

    assert refusal(answer) == (401, "AUTH_INVALID")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="todo", error="invalid_token"'
    assert answer.json()["detail"] == "the token is not valid"


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "bEaReR"])
def test_the_scheme_of_a_token_has_any_case(server: Server, scheme: str) -> None:
    user = new_user()

    answer = httpx.get(f"{server.url}/api/{user}/tasks", headers={"Authorization": f"{scheme} {token_of(user)}"})

    assert answer.status_code == 200


def kinds_of(root: type[TodoError]) -> Iterable[type[TodoError]]:
    """Return the errors that are raised, of adapters too: those that are no root of others."""
    kinds = root.__subclasses__()
    return [each for kind in kinds for each in kinds_of(kind)] or [root]


def unmapped() -> set[str]:
    return {kind.__name__ for kind in kinds_of(TodoError) if PROBLEMS.keys().isdisjoint(kind.__mro__)}


def test_an_adapter_s_own_kind_of_an_error_is_answered_as_that_error() -> None:
    assert problem_of(ConnectionLost()).problem_type == DATABASE_ERROR


def test_every_error_of_the_domain_has_an_answer_and_a_new_one_would_be_missed() -> None:
    before = unmapped()

    class Planted(TodoError):
        pass

    assert before == set()
    assert unmapped() == {Planted.__name__}
