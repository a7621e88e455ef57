"""Headers that control caches and media type sniffing."""

from typing import Any

import httpx
import pytest

from tests.integration.api.asgi import app_in_memory, send_request
from tests.integration.server import Server

OWN = "private, no-cache"


@pytest.mark.parametrize("path", ["/tasks", "/tasks?limit=1", "/tasks/1", "/changes", "/trash"])
def test_a_cached_response_must_be_revalidated(alice: httpx.Client, path: str) -> None:
    alice.post("/tasks", json={"title": "a"})

    response = alice.get(path)

    assert (response.headers["Cache-Control"], response.headers["Vary"]) == (OWN, "*")
    if tag := response.headers.get("ETag"):
        unchanged = alice.get(path, headers={"If-None-Match": tag})
        assert unchanged.status_code == 304
        assert (unchanged.headers["Cache-Control"], unchanged.headers["Vary"]) == (OWN, "*")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/tasks/1", None),
        ("GET", "/tasks?x=1", None),
        ("POST", "/tasks", []),
        ("PATCH", "/tasks", {}),
        ("GET", "/nothing", None),
        ("GET", "/tasks?limit=1", "x"),
    ],
)
def test_an_error_is_not_cached(alice: httpx.Client, method: str, path: str, body: Any) -> None:
    response = alice.request(method, path, json=body)

    assert response.is_client_error
    assert response.headers["Cache-Control"] == "no-store"


def test_a_stream_is_not_cached(alice: httpx.Client) -> None:
    with alice.stream("GET", "/changes/stream") as stream:
        assert stream.headers["Cache-Control"] == "no-store"
        assert stream.headers["X-Content-Type-Options"] == "nosniff"


PATHS = ["/", "/docs", "/redoc", "/docs/errors", "/openapi.json", "/health", "/health/ready", "/nothing"]


@pytest.mark.parametrize("path", [*PATHS, "/api/alice/tasks", "/api/bob/tasks"])
def test_every_response_forbids_media_type_sniffing(path: str) -> None:
    response = send_request(
        app_in_memory(cors_origins="https://a.example"), "GET", path, headers={"Origin": "https://a.example"}
    )

    assert response.headers.get_list("X-Content-Type-Options") == ["nosniff"]


def test_preflights_and_refused_headers_forbid_media_type_sniffing(server: Server) -> None:
    preflight_headers = {"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}
    preflight = send_request(
        app_in_memory(cors_origins="https://a.example"), "OPTIONS", "/api/a/tasks", None, headers=preflight_headers
    )
    refused = httpx.get(f"{server.url}/health", headers={"X-Large": "a" * 100_000})

    assert preflight.headers["X-Content-Type-Options"] == "nosniff"
    assert refused.status_code == 431
    assert refused.headers["X-Content-Type-Options"] == "nosniff"
    assert refused.headers["Cache-Control"] == "no-store"
