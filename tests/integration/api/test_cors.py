"""Pages of configured origins may call the API, and no others."""

from typing import Any

import httpx
import pytest

from tests.integration.api.asgi import app_in_memory, ask

ORIGIN = "https://app.example"
EXPOSED = {"ETag", "Location", "Link", "Retry-After", "X-Request-ID", "Idempotency-Replayed"}
EXPOSED |= {"RateLimit", "RateLimit-Policy"}


def preflight(origin: str, method: str = "PATCH", headers: str = "authorization", **settings: Any) -> httpx.Response:
    asked = {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
    return ask(app_in_memory(**settings), "OPTIONS", "/api/alice/tasks/1", None, headers=asked)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_a_page_of_a_configured_origin_may_use_every_method(method: str) -> None:
    answer = preflight(ORIGIN, method, cors_origins=f"https://other.example {ORIGIN}")

    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert method in answer.headers["Access-Control-Allow-Methods"]
    assert answer.headers["Access-Control-Max-Age"] == "600"


@pytest.mark.parametrize("origins", [ORIGIN, "*"])
def test_a_page_may_send_any_header_such_as_those_of_monitoring(origins: str) -> None:
    headers = "authorization, if-match, sentry-trace, baggage, traceparent, x-datadog-origin, x-requested-with"

    answer = preflight(ORIGIN, headers=headers, cors_origins=origins)

    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Headers"] == headers


@pytest.mark.parametrize(
    ("configured", "sent"),
    [
        ("HTTPS://App.Example:443/", "https://app.example"),
        ("http://LOCALHOST:3000", "http://localhost:3000"),
        *[
            (origin, origin)
            for origin in (
                "capacitor://localhost",
                "tauri://localhost",
                "chrome-extension://abcdefghijklmnop",
                "app://.",
            )
        ],
    ],
)
def test_an_origin_is_recognised_as_browsers_send_it(configured: str, sent: str) -> None:
    app = app_in_memory(cors_origins=configured)

    answer = ask(app, "GET", "/api/alice/tasks", headers={"Origin": sent})

    assert answer.headers["Access-Control-Allow-Origin"] == sent


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
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert "Origin" in answer.headers["Vary"]


def test_all_origins_may_when_the_setting_says_so() -> None:
    answer = ask(app_in_memory(cors_origins="*"), "GET", "/api/alice/tasks", headers={"Origin": "https://any.example"})

    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert "Access-Control-Allow-Credentials" not in preflight(ORIGIN, cors_origins="*").headers


def test_no_origin_may_unless_configured() -> None:
    answer = ask(app_in_memory(), "GET", "/api/alice/tasks", headers={"Origin": ORIGIN})

    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert preflight(ORIGIN).status_code == 405
