"""What caches and browsers may do with responses."""

from typing import Any

import httpx
import pytest

from tests.integration.api.asgi import app_in_memory, ask
from tests.integration.server import Server

OWN = "private, no-cache"


@pytest.mark.parametrize("path", ["/tasks", "/tasks?limit=1", "/tasks/1", "/changes"])
def test_a_browser_asks_whether_what_it_keeps_is_current(alice: httpx.Client, path: str) -> None:
    alice.post("/tasks", json={"title": "a"})

    answer = alice.get(path)

    assert (answer.headers["Cache-Control"], answer.headers["Vary"]) == (OWN, "*")
    if tag := answer.headers.get("ETag"):
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
def test_no_error_is_kept(alice: httpx.Client, method: str, path: str, body: Any) -> None:
    answer = alice.request(method, path, json=body)

    assert answer.is_client_error
    assert answer.headers["Cache-Control"] == "no-store"


def test_no_stream_is_kept(alice: httpx.Client) -> None:
    with alice.stream("GET", "/changes/stream") as stream:
        assert stream.headers["Cache-Control"] == "no-store"
        assert stream.headers["X-Content-Type-Options"] == "nosniff"


PATHS = ["/", "/docs", "/redoc", "/docs/errors", "/openapi.json", "/health", "/health/ready", "/nothing"]


@pytest.mark.parametrize("path", [*PATHS, "/api/alice/tasks", "/api/bob/tasks"])
def test_no_response_is_taken_for_another_media_type(path: str) -> None:
    answer = ask(app_in_memory(cors_origins="https://a.example"), "GET", path, headers={"Origin": "https://a.example"})

    assert answer.headers.get_list("X-Content-Type-Options") == ["nosniff"]


def test_no_preflight_and_no_refused_head_is_taken_for_another_media_type(server: Server) -> None:
    asked = {"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}
    preflight = ask(app_in_memory(cors_origins="https://a.example"), "OPTIONS", "/api/a/tasks", None, headers=asked)
    refused = httpx.get(f"{server.url}/health", headers={"X-Large": "a" * 100_000})

    assert preflight.headers["X-Content-Type-Options"] == "nosniff"
    assert refused.status_code == 431
    assert refused.headers["X-Content-Type-Options"] == "nosniff"
    assert refused.headers["Cache-Control"] == "no-store"
