"""Requests and responses get lost; a client repeats a request until it gets a response."""

import json
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.integration.server import Server, new_user, running_server, settings_for, token_of
from tests.postgres import Postgres
from todo_adapters.sql.migrations import upgrade
from todo_api.container import Container

CREATES = 1_000
LOST = 0.02


class LossyConnection(HTTPConnection):
    """Loses one in fifty requests before they are sent, and one in fifty responses.

    It uses the standard library because HTTPX takes longer for a request than the server.
    """

    def __init__(self, server: Server, user: str, seed: int) -> None:
        super().__init__(urlsplit(server.url).netloc, timeout=30)
        self._path = f"/api/{user}/tasks"
        self._headers = {"Authorization": f"Bearer {token_of(user)}", "Content-Type": "application/json"}
        self._chance = random.Random(seed)

    def post(self, title: str, headers: dict[str, str]) -> int | None:
        """Create a task; return the status of the response, or None if it was lost."""
        if self._chance.random() < LOST:
            return None
        self.request("POST", self._path, json.dumps({"title": title}), self._headers | headers)
        response = self.getresponse()
        if self._chance.random() < LOST:
            self.close()
            return None
        response.read()
        return response.status


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if request.param == "sqlite":
        path: Path = tmp_path_factory.mktemp("lossy") / "tasks.sqlite3"
        with running_server(Container(settings=settings_for(path))) as running:
            yield running
    else:
        postgres: Postgres = request.getfixturevalue("postgres")
        with postgres.database() as url:
            upgrade(url)
            with running_server(Container(settings=settings_for(url))) as running:
                yield running


def create_all(server: Server, user: str, *, with_keys: bool) -> None:
    def create(share: int) -> None:
        connection = LossyConnection(server, user, share)
        for n in range(CREATES // 4):
            headers = {"Idempotency-Key": f"{share}-{n}"} if with_keys else {}
            while not (status := connection.post(f"{share}-{n}", headers)):
                pass
            assert status == 201
        connection.close()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(create, range(4)))


def titles(server: Server, user: str) -> list[str]:
    found: list[str] = []
    token: dict[str, str] = {}
    more = True
    with server.client(user) as client:
        while more:
            page = client.get("/changes", params={"limit": 500, **token}).json()
            found += [task["title"] for task in page["changes"]]
            token, more = {"since": page["next"]}, page["has_more"]
    return found


@pytest.mark.parametrize("with_keys", [True, False])
def test_with_keys_every_task_is_created_once_and_without_keys_some_are_created_twice(
    server: Server, *, with_keys: bool
) -> None:
    user = new_user()

    create_all(server, user, with_keys=with_keys)

    created = titles(server, user)
    assert len(set(created)) == CREATES
    assert (len(created) == CREATES) is with_keys
