"""Pages of configured origins may call the API, and no others."""

from typing import Any

import httpx
import pytest

from tests.integration.api.asgi import app_in_memory, ask

ORIGIN = "https://app.example"
EXPOSED = {"ETag", "Location", "Link", "Retry-After", "X-Request-ID", "Idempotency-Replayed"}


def preflight(origin: str, method: str = "PATCH", headers: str = "authorization", **settings: Any) -> httpx.Response:
    asked = {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
    return ask(app_in_memory(**settings), "OPTIONS", "/api/alice/tasks/1", None, headers=asked)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_a_page_of_a_configured_origin_may_use_every_method_and_header(method: str) -> None:
    headers = "authorization, content-type, if-match, if-none-match, idempotency-key, last-event-id, x-request-id"

    answer = preflight(ORIGIN, method, headers, cors_origins=f"https://other.example {ORIGIN}")

    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert method in answer.headers["Access-Control-Allow-Methods"]
    assert set(headers.split(", ")) <= set(answer.headers["Access-Control-Allow-Headers"].lower().split(", "))
    assert answer.headers["Access-Control-Max-Age"] == "600"


@pytest.mark.parametrize("origin", ["https://evil.example", "http://app.example", f"{ORIGIN}.evil.example", "null"])
def test_a_page_of_another_origin_may_not(origin: str) -> None:
    answer = preflight(origin, cors_origins=ORIGIN)

    assert answer.status_code == 400
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(("path", "status"), [("/api/alice/tasks", 200), ("/api/bob/tasks", 403), ("/nothing", 404)])
def test_answers_and_problems_are_readable_with_their_headers(path: str, status: int) -> None:
    answer = ask(app_in_memory(cors_origins=ORIGIN), "GET", path, headers={"Origin": ORIGIN})

    assert answer.status_code == status
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert set(answer.headers["Access-Control-Expose-Headers"].split(", ")) == EXPOSED
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert "Origin" in answer.headers["Vary"]


def test_all_origins_may_when_the_setting_says_so() -> None:
    answer = ask(app_in_memory(cors_origins="*"), "GET", "/api/alice/tasks", headers={"Origin": "https://any.example"})

    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_no_origin_may_unless_configured() -> None:
    answer = ask(app_in_memory(), "GET", "/api/alice/tasks", headers={"Origin": ORIGIN})

    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert preflight(ORIGIN).status_code == 405
