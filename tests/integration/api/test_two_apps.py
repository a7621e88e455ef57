"""Two apps in one process share nothing."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from tests.integration.api.problems import refusal
from tests.integration.server import running_server
from tests.tokens import hs256
from todo_api.container import Container
from todo_api.settings import Settings

SECRETS = ("the secret of the first app and of no other", "the secret of the second app and of no other")
ORIGINS = ("https://first.example", "https://second.example")
TASK = {"title": "a"}


@pytest.fixture
def clients(tmp_path: Path) -> Iterator[list[httpx.Client]]:
    """Two clients of alice: each of an app with a database, a secret and an origin of its own."""
    expires = (datetime.now(UTC) + timedelta(hours=1)).timestamp()
    with ExitStack() as running:
        made = []
        for number, secret in enumerate(SECRETS):
            settings = Settings(
                _env_file=None,
                database_url=str(tmp_path / f"{number}.sqlite3"),
                better_auth_secret=secret,
                cors_origins=ORIGINS[number],
            )
            server = running.enter_context(running_server(Container(settings=settings)))
            client = running.enter_context(server.client("alice"))
            token = hs256({"user_id": "alice", "exp": expires}, secret=secret)
            client.headers.update({"Authorization": f"Bearer {token}", "Origin": ORIGINS[number]})
            made.append(client)
        yield made


def test_two_apps_in_one_process_have_separate_tasks_keys_and_feeds(clients: list[httpx.Client]) -> None:
    first, second = clients
    key = {"Idempotency-Key": "k"}

    assert first.post("/tasks", json=TASK, headers=key).status_code == 201
    assert refusal(second.get("/tasks/1")) == (404, "NOT_FOUND")
    assert second.get("/tasks").json()["revision"] == 0

    assert "Idempotency-Replayed" not in second.post("/tasks", json={"title": "b"}, headers=key).headers
    assert [client.get("/tasks/1").json()["title"] for client in clients] == ["a", "b"]

    feeds = [client.get("/changes").json()["next"] for client in clients]
    assert feeds[0] != feeds[1]
    assert refusal(second.get("/changes", params={"since": feeds[0]})) == (410, "CURSOR_EXPIRED")


def test_two_apps_in_one_process_refuse_the_tokens_and_origins_of_each_other(clients: list[httpx.Client]) -> None:
    for client, other in (clients, clients[::-1]):
        assert client.get("/tasks").headers["Access-Control-Allow-Origin"] == client.headers["Origin"]

        response = client.get("/tasks", headers={"Authorization": other.headers["Authorization"]})
        assert refusal(response) == (401, "AUTH_INVALID")

        response = client.get("/tasks", headers={"Origin": other.headers["Origin"]})
        assert "Access-Control-Allow-Origin" not in response.headers
