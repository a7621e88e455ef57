"""Behaviour that the published clients of this contract and their tests rely on."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.api.problems import refusal
from tests.integration.key_server import KEY, running_key_server
from tests.integration.server import running_server, settings_for
from tests.tokens import hs256
from todo_api.container import Container

Sign = Callable[[dict[str, Any]], str]


def test_a_list_can_have_more_than_100_tasks(alice: httpx.Client) -> None:
    for number in range(101):
        assert alice.post("/tasks", json={"title": f"Task {number}"}).status_code == 201

    listed = alice.get("/tasks").json()

    assert len(listed["tasks"]) == listed["count"] == 101


@pytest.fixture(params=["secret", "jwks"])
def mode(request: pytest.FixtureRequest) -> Iterator[tuple[Sign, dict[str, str]]]:
    """Return a function that signs claims, and the settings of a server that accepts its tokens."""
    if request.param == "secret":
        yield hs256, {}
        return
    with running_key_server() as url:
        yield lambda claims: KEY.sign({"iss": url, "aud": url, **claims}), {"better_auth_url": url}


def list_of(user_id: str, mode: tuple[Sign, dict[str, str]], path: Path, **settings: bool) -> httpx.Response:
    """Request the list of a user with a token whose only claim about its user is that `sub` is ann."""
    sign, settings_of_mode = mode
    now = time.time()
    headers = {"Authorization": f"Bearer {sign({'sub': 'ann', 'iat': now, 'exp': now + 900})}"}
    with running_server(Container(settings=settings_for(path / "t.sqlite3", **settings_of_mode, **settings))) as server:
        return httpx.get(f"{server.url}/api/{user_id}/tasks", headers=headers)


def test_a_token_with_only_sub_identifies_its_subject_if_the_setting_allows_it(
    tmp_path: Path, mode: tuple[Sign, dict[str, str]]
) -> None:
    assert list_of("ann", mode, tmp_path, user_from_sub=True).status_code == 200
    assert refusal(list_of("bob", mode, tmp_path, user_from_sub=True)) == (403, "AUTH_FORBIDDEN")


def test_a_token_with_only_sub_is_refused_without_the_setting(
    tmp_path: Path, mode: tuple[Sign, dict[str, str]]
) -> None:
    assert refusal(list_of("ann", mode, tmp_path)) == (401, "AUTH_INVALID")


def test_a_put_without_complete_is_refused_and_the_field_named(alice: httpx.Client) -> None:
    alice.post("/tasks", json={"title": "Buy milk", "complete": True, "priority": "high", "tags": ["shop"]})
    task = alice.get("/tasks/1").json()

    response = alice.put("/tasks/1", json={"title": "Buy oat milk", "description": None})

    assert refusal(response) == (422, "VALIDATION_ERROR")
    assert [(error["loc"], error["type"]) for error in response.json()["errors"]] == [(["body", "complete"], "missing")]
    assert alice.get("/tasks/1").json() == task
