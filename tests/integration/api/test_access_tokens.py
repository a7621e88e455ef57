"""Access tokens over HTTP: their endpoints, what each permits, and which tokens are refused."""

import asyncio
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from tests.integration.api.asgi import app_in_memory, send_request
from tests.integration.api.problems import places, refusal
from tests.integration.api.test_stream import Events
from tests.integration.server import Server, user_of
from todo_adapters.access_token_verifier import KNOWN_FOR
from todo_api.app import App
from todo_api.http.owner_route import OwnerRoute
from todo_api.streaming import change_stream
from todo_domain import AccessToken, AccessTokenDraft, Scope, UserId
from todo_domain.access_token import MAX_ACCESS_TOKENS, TOKEN_SCOPES, hash_of, new_secret

BODY = {"name": "Backup", "scopes": ["tasks:read"]}


def create(client: httpx.Client, *scopes: str, **fields: Any) -> dict[str, Any]:
    response = client.post("/access-tokens", json={**BODY, "scopes": scopes or BODY["scopes"], **fields})
    assert response.status_code == 201, response.text
    token: dict[str, Any] = response.json()
    return token


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_only_the_response_that_creates_a_token_has_its_secret(alice: httpx.Client) -> None:
    response = alice.post("/access-tokens", json={**BODY, "name": " Backup ", "expires_at": None})

    secret = response.json().pop("token")
    token = {name: value for name, value in response.json().items() if name != "token"}
    assert (response.status_code, response.headers.get_list("Cache-Control")) == (201, ["no-store"])
    assert secret.startswith("todo_pat_")
    assert token == {
        "id": token["id"],
        "user_id": user_of(alice),
        "name": "Backup",
        "scopes": ["tasks:read"],
        "created_at": token["created_at"],
        "expires_at": None,
        "last_used_at": None,
    }
    assert alice.get("/access-tokens").json() == {"access_tokens": [token], "count": 1}


def test_the_database_has_only_the_sha_256_of_a_secret(server: Server, alice: httpx.Client) -> None:
    secret = create(alice)["token"]

    path = server.container.settings().sqlite_path
    assert path
    content = path.read_bytes() + path.with_name(f"{path.name}-wal").read_bytes()

    assert sha256(secret.encode()).hexdigest().encode() in content
    assert secret.rpartition(".")[2].encode() not in content


def test_a_token_works_until_it_is_revoked(alice: httpx.Client) -> None:
    token = create(alice, "tasks:write")
    headers = bearer(token["token"])
    assert alice.post("/tasks", json={"title": "a"}, headers=headers).status_code == 201
    assert alice.get("/tasks/1", headers=headers).status_code == 200

    revoked = alice.delete(f"/access-tokens/{token['id']}")

    assert (revoked.status_code, revoked.content) == (204, b"")
    assert refusal(alice.get("/tasks/1", headers=headers)) == (401, "AUTH_INVALID")
    assert refusal(alice.delete(f"/access-tokens/{token['id']}")) == (404, "NOT_FOUND")
    assert alice.get("/access-tokens").json() == {"access_tokens": [], "count": 0}


def test_a_token_that_was_listed_may_be_sent_back_as_a_new_one(alice: httpx.Client) -> None:
    create(alice, expires_at=(datetime.now(UTC) + timedelta(days=366)).isoformat())
    (listed,) = alice.get("/access-tokens").json()["access_tokens"]

    again = create(alice, **{name: value for name, value in listed.items() if name != "scopes"})

    assert again["id"] != listed["id"]
    assert again["expires_at"] == listed["expires_at"]


def test_the_hour_of_the_last_use_is_listed(alice: httpx.Client) -> None:
    token = create(alice)
    alice.get("/tasks", headers=bearer(token["token"]))

    # The write may come after the response; further writes come after it.
    alice.post("/tasks", json={"title": "a"})
    (listed,) = alice.get("/access-tokens").json()["access_tokens"]

    used = datetime.fromisoformat(listed["last_used_at"])
    assert (used.minute, used.second, used.microsecond) == (0, 0, 0)


WRONG: list[tuple[dict[str, Any], list[str]]] = [
    *[({"name": name}, ["name"]) for name in (None, 1, "", " ", "a" * 101, "a\tb")],
    *[({"scopes": scopes}, ["scopes"]) for scopes in (None, [], "tasks:read", ["tasks:read", "calendar:read"])],
    *[({"scopes": ["tasks:read", scope]}, ["scopes"]) for scope in ("account", "tasks:admin", 1)],
    *[
        ({"expires_at": at}, ["expires_at"])
        for at in (
            1,
            "",
            "2026-12-01",
            "2126-12-01T00:00:00Z",
            "2001-12-01T00:00:00Z",
            "2126-12-01T00:00:00",
            "2026-02-30T00:00:00Z",
            "0001-01-01T00:00:00+23:59",
        )
    ],
    ({"token": "todo_pat_"}, ["token"]),
    ({"title": "a"}, ["title"]),
]


@pytest.mark.parametrize(("fields", "place"), WRONG)
def test_a_wrong_value_is_refused_and_named(alice: httpx.Client, fields: dict[str, Any], place: list[str]) -> None:
    response = alice.post("/access-tokens", json={**BODY, **fields})

    assert refusal(response) == (422, "VALIDATION_ERROR")
    assert [loc[:2] for loc in places(response)] == [["body", *place]]
    assert alice.get("/access-tokens").json()["count"] == 0


def test_a_user_has_at_most_twenty_tokens(alice: httpx.Client) -> None:
    tokens = [create(alice) for _ in range(MAX_ACCESS_TOKENS)]

    refused = alice.post("/access-tokens", json=BODY)
    alice.delete(f"/access-tokens/{tokens[0]['id']}")

    assert refusal(refused) == (403, "QUOTA_EXCEEDED")
    assert refused.json()["detail"] == "a user can have at most 20 access tokens"
    create(alice)


def test_tokens_of_another_user_can_be_neither_listed_nor_revoked(alice: httpx.Client, bob: httpx.Client) -> None:
    token = create(alice)

    assert refusal(bob.delete(f"/access-tokens/{token['id']}")) == (404, "NOT_FOUND")
    assert refusal(bob.get(str(alice.base_url.join("access-tokens")))) == (403, "AUTH_FORBIDDEN")
    assert refusal(bob.get("/tasks", headers=bearer(token["token"]))) == (403, "AUTH_FORBIDDEN")
    assert alice.get("/access-tokens").json()["count"] == 1


def stored(app: App, *scopes: Scope, expires_at: datetime | None = None, user_id: str = "alice") -> str:
    """Store a token that was created in 2026 without a check of its expiry, and return its secret."""
    user = UserId(user_id)
    draft = AccessTokenDraft(name="a", scopes=scopes or [Scope.TASKS_READ])
    token = AccessToken.from_draft(draft, user_id=user, at=datetime(2026, 1, 1, tzinfo=UTC))
    secret = new_secret(user)
    tokens = app.container.task_repository().access_tokens
    asyncio.run(tokens.add(token._replace(expires_at=expires_at), hash_of(secret)))
    return secret


def refused_tokens(app: App) -> dict[str, str]:
    """Return tokens that name alice, each with a different fault."""
    good = stored(app)
    name, _, secret = good.rpartition(".")
    other = "B" if secret[-1] == "A" else "A"
    return {
        "guessed": new_secret(UserId("alice")),
        "truncated": good[:-1],
        "without its user": f"todo_pat_.{secret}",
        "without its secret": f"{name}.",
        "with the secret of another user": f"{name}.{stored(app, user_id='bob').rpartition('.')[2]}",
        "changed": f"{good[:-1]}{other}",
        "with padding": f"{good}=",
        "with other bits after the user": f"todo_pat_YWxpY2V.{secret}",
        "expired": stored(app, expires_at=datetime(2026, 1, 2, tzinfo=UTC)),
        "huge": good + "A" * 8000,
        "in upper case": good.upper(),
        "with the prefix of another product": good.replace("todo_", "gith_", 1),
    }


@pytest.mark.parametrize("fault", refused_tokens(app_in_memory()))
def test_every_fault_of_an_access_token_gets_the_same_response(fault: str) -> None:
    app = app_in_memory()

    response = send_request(app, "GET", "/api/alice/tasks", refused_tokens(app)[fault])

    assert refusal(response) == (401, "AUTH_INVALID")
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="todo", error="invalid_token"'
    assert response.json()["detail"] == "the token is not valid"


APP = app_in_memory()
ROUTES = [
    (method, route.path.removeprefix("/api/{user_id}"), route)
    for route in APP.routes
    if isinstance(route, APIRoute) and route.path.startswith("/api/")
    for method in route.methods or ()
]


@pytest.mark.parametrize(("method", "path", "route"), ROUTES, ids=[f"{method} {path}" for method, path, _ in ROUTES])
def test_every_route_of_an_owner_requires_a_scope(method: str, path: str, route: APIRoute) -> None:
    """Reads require `tasks:read`, all other methods `tasks:write`, and access tokens and the erasure a session."""
    assert isinstance(route, OwnerRoute)
    is_account = path.startswith("/access-tokens") or not path
    needed = "account" if is_account else "tasks:read" if method == "GET" else "tasks:write"
    permitted = {"account": [], "tasks:read": ["tasks:read", "tasks:write"], "tasks:write": ["tasks:write"]}[needed]
    address = route.path.replace("{user_id}", "alice").replace("{", "").replace("}", "")

    for scope in TOKEN_SCOPES:
        if route.is_stream and scope in permitted:
            continue  # the response would not end
        response = send_request(APP, method, address, stored(APP, scope))
        if scope in permitted:
            assert response.status_code not in {401, 403}
        else:
            assert refusal(response) == (403, "AUTH_FORBIDDEN")
            challenge = f'Bearer realm="todo", error="insufficient_scope", scope="{needed}"'
            assert response.headers["WWW-Authenticate"] == challenge
    asyncio.run(_clear(APP))


def test_no_route_but_the_calendar_identifies_its_user_by_a_token_in_the_path() -> None:
    """That route has its own tests of every token (test_calendar.py)."""
    paths = [route.path for route in APP.routes if isinstance(route, OwnerRoute)]

    assert [path for path in paths if not path.startswith("/api/{user_id}")] == ["/calendar/{token}.ics"]


async def _clear(app: App) -> None:
    tokens = app.container.task_repository().access_tokens
    for token in await tokens.list(UserId("alice")):
        await tokens.remove(UserId("alice"), token.id)


def test_a_token_of_another_user_is_refused_for_its_user_whatever_its_scopes() -> None:
    app = app_in_memory()

    response = send_request(app, "POST", "/api/alice/tasks", stored(app, Scope.CALENDAR_READ, user_id="bob"))

    assert response.json()["detail"] == "the token belongs to another user"


def test_a_revocation_takes_effect_in_other_processes_within_ten_seconds() -> None:
    """A stream that has just verified its token does so again with the longest-known token."""
    assert timedelta(seconds=change_stream.VERIFY_SECONDS) + KNOWN_FOR < timedelta(seconds=10)


def test_a_stream_ends_soon_after_its_token_was_revoked(alice: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_stream, "VERIFY_SECONDS", 0.01)
    token = create(alice, "tasks:read")
    with alice.stream("GET", "/changes/stream", headers=bearer(token["token"])) as response:
        alice.delete(f"/access-tokens/{token['id']}")

        assert list(Events(response)) == []
