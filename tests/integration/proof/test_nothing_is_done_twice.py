"""Requests and answers get lost on the way; a client sends again until it has an answer."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.integration.server import Server, new_user, running_server, settings_for
from tests.postgres import Postgres
from todo_adapters.sql.migrations import upgrade
from todo_api.container import Container

CREATES = 2_000
LOST = 0.02


class LossyTransport(httpx.HTTPTransport):
    """Loses every fiftieth request before it arrives, and every fiftieth answer after it left."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._chance = random.Random(seed)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self._chance.random() < LOST:
            raise httpx.WriteError("the request was lost", request=request)
        answer = super().handle_request(request)
        if self._chance.random() < LOST:
            answer.close()
            raise httpx.ReadError("the answer was lost", request=request)
        return answer


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
        with server.client(user, transport=LossyTransport(share)) as client:
            for n in range(CREATES // 4):
                headers = {"Idempotency-Key": f"{share}-{n}"} if with_keys else {}
                while True:
                    try:
                        answer = client.post("/tasks", json={"title": f"{share}-{n}"}, headers=headers)
                    except httpx.TransportError:
                        continue
                    assert answer.status_code == 201
                    break

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
def test_with_keys_every_task_is_created_once_and_without_some_twice(server: Server, *, with_keys: bool) -> None:
    user = new_user()

    create_all(server, user, with_keys=with_keys)

    created = titles(server, user)
    assert len(set(created)) == CREATES
    assert (len(created) == CREATES) is with_keys
