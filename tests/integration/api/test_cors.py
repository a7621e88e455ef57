"""Only pages of configured origins may call the API."""

from typing import Any

import httpx
import pytest

from tests.integration.api.asgi import app_in_memory, send_request

ORIGIN = "https://app.example"
EXPOSED = {"ETag", "Location", "Link", "Retry-After", "X-Request-ID", "Idempotency-Replayed"}
EXPOSED |= {"RateLimit", "RateLimit-Policy", "WWW-Authenticate"}


def preflight(origin: str, method: str = "PATCH", headers: str = "authorization", **settings: Any) -> httpx.Response:
    request_headers = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": headers,
    }
    return send_request(app_in_memory(**settings), "OPTIONS", "/api/alice/tasks/1", None, headers=request_headers)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_a_page_of_a_configured_origin_may_use_every_method(method: str) -> None:
    response = preflight(ORIGIN, method, cors_origins=f"https://other.example {ORIGIN}")

    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert method in response.headers["Access-Control-Allow-Methods"]
    assert response.headers["Access-Control-Max-Age"] == "600"


@pytest.mark.parametrize("origins", [ORIGIN, "*"])
def test_a_page_may_send_any_request_header(origins: str) -> None:
    headers = "authorization, if-match, sentry-trace, baggage, traceparent, x-datadog-origin, x-requested-with"

    response = preflight(ORIGIN, headers=headers, cors_origins=origins)

    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Headers"] == headers


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
def test_a_configured_origin_is_compared_in_the_form_that_browsers_send(configured: str, sent: str) -> None:
    app = app_in_memory(cors_origins=configured)

    response = send_request(app, "GET", "/api/alice/tasks", headers={"Origin": sent})

    assert response.headers["Access-Control-Allow-Origin"] == sent


@pytest.mark.parametrize("origin", ["https://evil.example", "http://app.example", f"{ORIGIN}.evil.example", "null"])
def test_a_page_of_another_origin_is_refused(origin: str) -> None:
    response = preflight(origin, cors_origins=ORIGIN)

    assert response.status_code == 400
    assert "Access-Control-Allow-Origin" not in response.headers


@pytest.mark.parametrize(("path", "status"), [("/api/alice/tasks", 200), ("/api/bob/tasks", 403), ("/nothing", 404)])
def test_pages_can_read_the_headers_of_responses_and_problems(path: str, status: int) -> None:
    response = send_request(app_in_memory(cors_origins=ORIGIN), "GET", path, headers={"Origin": ORIGIN})

    assert response.status_code == status
    assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert set(response.headers["Access-Control-Expose-Headers"].split(", ")) == EXPOSED
    assert response.headers["Access-Control-Allow-Credentials"] == "true"
    assert "Origin" in response.headers["Vary"]


def test_an_asterisk_allows_every_origin_without_credentials() -> None:
    response = send_request(
        app_in_memory(cors_origins="*"), "GET", "/api/alice/tasks", headers={"Origin": "https://any.example"}
    )

    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in response.headers
    assert "Access-Control-Allow-Credentials" not in preflight(ORIGIN, cors_origins="*").headers


def test_without_the_setting_no_origin_is_allowed() -> None:
    response = send_request(app_in_memory(), "GET", "/api/alice/tasks", headers={"Origin": ORIGIN})

    assert response.status_code == 200
    assert not [name for name in response.headers if name.startswith("access-control-")]
    assert preflight(ORIGIN).status_code == 405
