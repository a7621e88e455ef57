"""Production refuses plain HTTP, and the size of request headers is limited."""

import asyncio
import logging
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.server import new_user, settings_for, token_of
from todo_api.app import create_app
from todo_api.container import assemble, opened

PROXY = "10.1.1.1"
STRANGER = "203.0.113.7"


def response_to(
    database: Path, path: str, *, scheme: str = "http", client: str = STRANGER, env: str = "production", **headers: str
) -> httpx.Response:
    """Send one request to an app behind a trusted proxy, and return the response."""
    container = assemble(settings_for(database, env=env, trusted_proxies=PROXY))
    app: Any = create_app(container)
    transport = httpx.ASGITransport(app, client=(client, 50000))

    async def send() -> httpx.Response:
        async with opened(container), httpx.AsyncClient(transport=transport, base_url=f"{scheme}://todo.example") as c:
            return await c.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    return asyncio.run(send())


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "tasks.sqlite3"


def test_https_is_served_with_strict_transport_security(database: Path) -> None:
    user = new_user()

    response = response_to(database, f"/api/{user}/tasks", scheme="https", Authorization=f"Bearer {token_of(user)}")

    assert response.status_code == 200
    assert response.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_plain_http_from_outside_is_refused(database: Path) -> None:
    user = new_user()

    response = response_to(database, f"/api/{user}/tasks", Authorization=f"Bearer {token_of(user)}")

    assert response.status_code == 403
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["error_code"] == "HTTPS_REQUIRED"
    assert "Strict-Transport-Security" not in response.headers


@pytest.mark.parametrize("path", ["/health", "/health/ready"])
def test_probes_may_use_plain_http(database: Path, path: str) -> None:
    assert response_to(database, path).status_code == 200


@pytest.mark.parametrize("client", ["127.0.0.1", "::1"])
def test_clients_on_loopback_may_use_plain_http(database: Path, client: str) -> None:
    assert response_to(database, "/openapi.json", client=client).status_code == 200


def test_a_forwarded_protocol_of_a_trusted_proxy_is_accepted(database: Path) -> None:
    response = response_to(database, "/openapi.json", client=PROXY, X_Forwarded_For=STRANGER, X_Forwarded_Proto="https")

    assert response.status_code == 200
    assert "Strict-Transport-Security" in response.headers


@pytest.mark.parametrize("protocol", ["http", "https"])
@pytest.mark.parametrize("client", [STRANGER, "127.0.0.1"])
def test_a_forwarded_protocol_of_others_is_ignored(database: Path, client: str, protocol: str) -> None:
    response = response_to(database, "/openapi.json", client=client, X_Forwarded_Proto=protocol)

    assert response.status_code == 403


def test_plain_http_through_a_trusted_proxy_is_refused(database: Path) -> None:
    response = response_to(
        database, "/openapi.json", client=PROXY, X_Forwarded_For="127.0.0.1", X_Forwarded_Proto="http"
    )

    assert response.status_code == 403


@pytest.mark.parametrize("value", ["HTTPS", "https, http", "https,http,http", " Https ,http"])
def test_the_scheme_of_the_client_is_the_first_of_a_list_in_any_case(database: Path, value: str) -> None:
    response = response_to(database, "/openapi.json", client=PROXY, X_Forwarded_For=STRANGER, X_Forwarded_Proto=value)

    assert response.status_code == 200


@pytest.mark.parametrize("value", ["http, https", "", ",https", "ftp", "https:"])
def test_a_list_that_does_not_begin_with_https_is_refused_and_the_log_says_why(
    database: Path, caplog: pytest.LogCaptureFixture, value: str
) -> None:
    caplog.set_level(logging.INFO, "todo_api.requests")

    response = response_to(database, "/openapi.json", client=PROXY, X_Forwarded_For=STRANGER, X_Forwarded_Proto=value)

    assert response.status_code == 403
    (fields,) = (record.__dict__["fields"] for record in caplog.records if record.name == "todo_api.requests")
    first = value.split(",", maxsplit=1)[0].strip()
    assert fields["reason"] == f"the scheme was http, X-Forwarded-Proto {[first]}"


def test_a_refusal_without_a_proxy_says_so_in_the_log(database: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "todo_api.requests")

    response_to(database, "/openapi.json")

    (fields,) = (record.__dict__["fields"] for record in caplog.records if record.name == "todo_api.requests")
    assert fields["reason"] == "the scheme was http, X-Forwarded-Proto absent"


def test_in_development_plain_http_is_served(database: Path) -> None:
    response = response_to(database, "/openapi.json", env="development")

    assert response.status_code == 200
    assert "Strict-Transport-Security" not in response.headers


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/health", {"X_Large": "x" * 65536}),
        ("/health?" + "x" * 60000, {"X_Large": "x" * 6000}),
        ("/" + "x" * 60000, {"X_Large": "x" * 6000}),
    ],
)
def test_request_headers_of_more_than_64_kib_are_refused(database: Path, path: str, headers: dict[str, str]) -> None:
    response = response_to(database, path, **headers)

    assert response.status_code == 431
    assert response.json()["error_code"] == "HEADERS_TOO_LARGE"


def test_request_headers_of_nearly_64_kib_are_accepted(database: Path) -> None:
    assert response_to(database, "/health", X_Large="x" * 65000).status_code == 200
