"""Behaviour that the published clients of this contract and their tests rely on."""

import json
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from tests.integration.api.problems import refusal
from tests.integration.server import running_server, settings_for
from tests.signing_keys import SigningKey
from tests.tokens import hs256
from todo_api.container import Container

KEY = SigningKey.generate()

Sign = Callable[[dict[str, Any]], str]


def test_a_list_can_have_more_than_100_tasks(alice: httpx.Client) -> None:
    for number in range(101):
        assert alice.post("/tasks", json={"title": f"Task {number}"}).status_code == 201

    listed = alice.get("/tasks").json()

    assert len(listed["tasks"]) == listed["count"] == 101


class KeySet(BaseHTTPRequestHandler):
    """Serves the key set of an issuer at every path."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"keys": [KEY.jwk]}).encode())

    def log_message(self, *_: object) -> None: ...


@pytest.fixture(params=["secret", "jwks"])
def mode(request: pytest.FixtureRequest) -> Iterator[tuple[Sign, dict[str, str]]]:
    """Return a function that signs claims, and the settings of a server that accepts its tokens."""
    if request.param == "secret":
        yield hs256, {}
        return
    with HTTPServer(("127.0.0.1", 0), KeySet) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        yield lambda claims: KEY.sign({"iss": url, "aud": url, **claims}), {"better_auth_url": url}
        server.shutdown()
        thread.join()


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
