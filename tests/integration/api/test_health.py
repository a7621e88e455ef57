"""Probes, open to everyone."""

import httpx

from tests.integration.server import Server


def test_a_server_that_runs_says_so(server: Server) -> None:
    answer = httpx.get(f"{server.url}/health")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_a_server_that_can_serve_is_ready(server: Server) -> None:
    answer = httpx.get(f"{server.url}/health/ready")

    assert (answer.status_code, answer.json()) == (200, {"status": "ready", "database": "ready", "keys": "ready"})


def test_a_server_without_its_database_lives_and_is_not_ready(server_without_database: Server) -> None:
    alive = httpx.get(f"{server_without_database.url}/health")
    ready = httpx.get(f"{server_without_database.url}/health/ready")

    assert alive.status_code == 200
    assert (ready.status_code, ready.json()) == (
        503,
        {"status": "unavailable", "database": "unavailable", "keys": "ready"},
    )


def test_a_server_without_keys_lives_and_is_not_ready(server_without_keys: Server) -> None:
    alive = httpx.get(f"{server_without_keys.url}/health")
    ready = httpx.get(f"{server_without_keys.url}/health/ready")

    assert alive.status_code == 200
    assert (ready.status_code, ready.json()) == (
        503,
        {"status": "unavailable", "database": "ready", "keys": "unavailable"},
    )
