"""OAuth access tokens: who may call the endpoint for assistants with one, and nothing else."""

import re
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest
from fastapi.routing import APIRoute

from tests.integration.api.asgi import app_in_memory, send_request
from tests.integration.api.problems import refusal
from tests.integration.key_server import KEY, running_key_server
from tests.integration.mcp.assistant import HOST, OLD
from tests.integration.server import new_user, running_server, settings_for
from todo_api.container import Container
from todo_domain import TokenRejected

RESOURCE = f"https://{HOST}/mcp"
ORIGIN = "https://app.example"
METADATA = "/.well-known/oauth-protected-resource"
BOTH = "tasks:read tasks:write"
REALM = 'Bearer realm="todo"'
METADATA_PART = f'resource_metadata="https://{HOST}{METADATA}/mcp"'


def access_token(auth_url: str, subject: str, **claims: Any) -> str:
    """Return a token of Better Auth at this URL."""
    issued = {"sub": subject, "iss": f"{auth_url}/api/auth", "aud": RESOURCE, "client_id": "c", "azp": "c"}
    return sign(issued | claims, typ="at+jwt")


def sign(claims: dict[str, Any], **header: str) -> str:
    """Return a token that is valid now."""
    now = int(time.time())
    return KEY.sign({"iat": now, "exp": now + 900, **claims}, **header)


class World(NamedTuple):
    """A server of the API, whose session tokens and tokens for assistants are signed with one key."""

    client: httpx.Client
    auth_url: str

    def session_token(self, user_id: str, **claims: Any) -> str:
        """Return a token as `/api/auth/token` of Better Auth returns it."""
        return sign({"user_id": user_id, "sub": user_id, "iss": self.auth_url, "aud": self.auth_url, **claims})

    def access_token(self, subject: str, scope: str = BOTH, **claims: Any) -> str:
        """Return a token as the plugin `mcp` of Better Auth issues it."""
        return access_token(self.auth_url, subject, scope=scope, **claims)

    def call(self, token: str, tool: str = "find_tasks", **arguments: Any) -> httpx.Response:
        """Call a tool."""
        headers = {"Host": HOST, "MCP-Protocol-Version": OLD, "Accept": "application/json, text/event-stream"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        params = {"name": tool, "arguments": arguments}
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        return self.client.post("/mcp", headers=headers, json=message)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    database = tmp_path_factory.mktemp("oauth") / "tasks.sqlite3"
    with running_key_server() as auth_url:
        settings = settings_for(database, mcp_url=RESOURCE, better_auth_url=auth_url, cors_origins=ORIGIN)
        with running_server(Container(settings=settings), finish_seconds=0.5) as api, api.client() as client:
            client.base_url, client.headers = httpx.URL(api.url), httpx.Headers()
            yield World(client, auth_url)


def test_a_token_calls_tools_on_the_list_of_its_subject(world: World) -> None:
    user_id = new_user()
    audience = [RESOURCE, f"{world.auth_url}/api/auth/oauth2/userinfo"]

    response = world.call(
        world.access_token(user_id, f"openid {BOTH}", aud=audience), "add_tasks", key="k", tasks=[{"title": "Buy milk"}]
    )

    assert response.json()["result"]["structuredContent"]["tasks"] == [{"id": 1, "revision": 1}]
    headers = {"Authorization": f"Bearer {world.session_token(user_id)}"}
    listed = world.client.get(f"/api/{user_id}/tasks", headers=headers).json()
    assert [task["title"] for task in listed["tasks"]] == ["Buy milk"]


def test_a_token_from_before_the_erasure_of_its_subject_is_refused_and_a_later_one_begins_anew(world: World) -> None:
    user_id, now = new_user(), int(time.time())
    before = world.access_token(user_id)
    world.call(before, "add_tasks", key="k", tasks=[{"title": "Buy milk"}])
    headers = {"Authorization": f"Bearer {world.session_token(user_id)}"}
    world.client.request("DELETE", f"/api/{user_id}", headers=headers, json={"confirm": user_id})

    for token in (before, world.access_token(user_id, iat=None)):
        assert refusal(world.call(token)) == (401, "AUTH_INVALID")
    found = world.call(world.access_token(user_id, iat=now + 10)).json()["result"]["structuredContent"]
    assert found["tasks"] == []


def test_a_request_without_a_token_gets_401_with_the_address_of_the_metadata_and_no_error(world: World) -> None:
    response = world.call("")

    assert refusal(response) == (401, "AUTH_MISSING")
    assert response.headers["WWW-Authenticate"] == f'{REALM}, scope="{BOTH}", {METADATA_PART}'


def test_a_token_without_the_scope_gets_403_with_the_address_of_the_metadata(world: World) -> None:
    reader = world.access_token(new_user(), "tasks:read")
    nothing = world.access_token(new_user(), "openid profile")

    assert world.call(reader).status_code == 200
    for token, tool, scope in (
        (reader, "add_tasks", "tasks:write"),
        (nothing, "find_tasks", "tasks:read"),
    ):
        response = world.call(token, tool, key="k", tasks=[{"title": "Buy milk"}])

        assert refusal(response) == (403, "AUTH_FORBIDDEN")
        challenge = f'{REALM}, error="insufficient_scope", scope="{scope}", {METADATA_PART}'
        assert response.headers["WWW-Authenticate"] == challenge


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"aud": RESOURCE},
        {"aud": RESOURCE, "scope": BOTH, "client_id": "c"},
    ],
)
def test_a_session_token_of_the_same_key_is_refused_by_the_endpoint(world: World, claims: dict[str, str]) -> None:
    user_id = new_user()
    for issuer in (world.auth_url, f"{world.auth_url}/api/auth"):
        response = world.call(world.session_token(user_id, **claims | {"iss": issuer}))

        assert refusal(response) == (401, "AUTH_INVALID")
        challenge = f'{REALM}, error="invalid_token", scope="{BOTH}", {METADATA_PART}'
        assert response.headers["WWW-Authenticate"] == challenge


def test_an_access_token_of_the_same_key_is_refused_by_every_route_of_the_api(world: World) -> None:
    user_id = new_user()
    routes = [route for route in app_in_memory().routes if isinstance(route, APIRoute)]
    owned = [(method, route.path) for route in routes for method in route.methods or () if "{user_id}" in route.path]
    assert len(owned) > 20
    tokens = [
        world.access_token(user_id),
        world.access_token(user_id, user_id=user_id, iss=world.auth_url, aud=[RESOURCE, world.auth_url]),
    ]

    for token in tokens:
        for method, template in owned:
            path = re.sub(r"\{\w+\}", "1", template.replace("{user_id}", user_id))
            response = world.client.request(method, path, headers={"Authorization": f"Bearer {token}"})
            assert refusal(response) == (401, "AUTH_INVALID"), (method, path)


@pytest.mark.anyio
async def test_an_api_that_accepts_other_access_tokens_refuses_those_for_assistants() -> None:
    with running_key_server() as url:
        settings = settings_for(
            "never-opened.sqlite3",
            jwks_url=f"{url}/keys",
            jwt_issuer=url,
            jwt_audience=url,
            mcp_url=RESOURCE,
            oauth_issuer=url,
        )
        container = Container(settings=settings)
        assistants = container.oauth_verifier()
        assert assistants is not None
        async with container.session_verifier() as sessions, assistants as oauth:
            other = access_token(url, "alice", user_id="alice", iss=url, aud=url)
            both = access_token(url, "alice", user_id="alice", iss=url, aud=[url, RESOURCE])

            assert (await sessions.verify(other)).user_id == (await oauth.verify(both)).user_id == "alice"
            with pytest.raises(TokenRejected, match="for assistants"):
                await sessions.verify(both)
            with pytest.raises(TokenRejected, match="another audience"):
                await oauth.verify(other)


@pytest.mark.parametrize("path", [f"{METADATA}/mcp", METADATA])
def test_the_metadata_name_the_server_that_grants_access(world: World, path: str) -> None:
    response = world.client.get(path, headers={"Origin": ORIGIN})

    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Cache-Control"] == "public, max-age=300"
    assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert response.json() == {
        "resource": RESOURCE,
        "resource_name": "Tasks",
        "authorization_servers": [f"{world.auth_url}/api/auth"],
        "scopes_supported": ["tasks:read", "tasks:write"],
        "bearer_methods_supported": ["header"],
    }
    assert refusal(world.client.post(path)) == (405, "METHOD_NOT_ALLOWED")


def test_a_page_of_a_configured_origin_can_read_the_challenge(world: World) -> None:
    response = world.client.post("/mcp", headers={"Host": HOST, "Origin": ORIGIN})

    assert response.status_code == 401
    assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "WWW-Authenticate" in response.headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize("settings", [{"better_auth_url": "https://auth.example"}, {"mcp_url": RESOURCE}])
def test_there_are_no_metadata_without_the_endpoint_or_better_auth(settings: dict[str, str]) -> None:
    app = app_in_memory(**settings)

    for path in (f"{METADATA}/mcp", METADATA):
        assert refusal(send_request(app, "GET", path, None)) == (404, "NOT_FOUND")
