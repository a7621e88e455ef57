"""Probes, open to everyone."""

import httpx
import pytest

from tests.integration.server import Server


def test_a_server_that_runs_says_so(server: Server) -> None:
    answer = httpx.get(f"{server.url}/health")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_a_server_that_can_serve_is_ready(server: Server) -> None:
    answer = httpx.get(f"{server.url}/health/ready")

    assert (answer.status_code, answer.json()) == (200, {"status": "ready", "database": "ready", "keys": "ready"})


@pytest.mark.parametrize("missing", ["database", "keys"])
def test_a_server_that_lacks_something_lives_and_is_not_ready(request: pytest.FixtureRequest, missing: str) -> None:
    url = request.getfixturevalue(f"server_without_{missing}").url

    alive = httpx.get(f"{url}/health")
    ready = httpx.get(f"{url}/health/ready")

    assert alive.status_code == 200
    assert ready.status_code == 503
    assert ready.json() == {"status": "unavailable", "database": "ready", "keys": "ready", missing: "unavailable"}
