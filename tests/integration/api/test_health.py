"""The health endpoints, which need no token."""

import httpx
import pytest

from tests.integration.server import Server

READY = {"status": "ready", "reads": "ready", "writes": "ready", "keys": "ready"}


def test_a_running_server_is_healthy(server: Server) -> None:
    response = httpx.get(f"{server.url}/health")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_a_server_with_database_and_keys_is_ready(server: Server) -> None:
    response = httpx.get(f"{server.url}/health/ready")

    assert (response.status_code, response.json()) == (200, READY)


@pytest.mark.parametrize(("missing", "part"), [("database", "reads"), ("keys", "keys")])
def test_a_server_without_database_or_keys_is_healthy_but_not_ready(
    request: pytest.FixtureRequest, missing: str, part: str
) -> None:
    url = request.getfixturevalue(f"server_without_{missing}").url

    health = httpx.get(f"{url}/health")
    ready = httpx.get(f"{url}/health/ready")

    assert health.status_code == 200
    assert ready.status_code == 503
    assert ready.json() == READY | {"status": "unavailable", part: "unavailable"}
