"""The order of checks: the first fault is reported, and the body of an unauthorized request is not read."""

from collections.abc import AsyncIterator
from itertools import combinations, pairwise

import httpx
import pytest

from tests.integration.api.asgi import app_in_memory, send_request
from tests.integration.api.problems import refusal
from tests.integration.server import new_user, token_of

# In the order of the checks.
FAULTS = {
    "path": (404, "NOT_FOUND"),
    "method": (405, "METHOD_NOT_ALLOWED"),
    "token": (401, "AUTH_INVALID"),
    "owner": (403, "AUTH_FORBIDDEN"),
    "media type": (415, "UNSUPPORTED_MEDIA_TYPE"),
    "size": (413, "PAYLOAD_TOO_LARGE"),
    "form": (400, "VALIDATION_ERROR"),
    "rule": (422, "VALIDATION_ERROR"),
    "task": (404, "NOT_FOUND"),
    "precondition": (412, "PRECONDITION_FAILED"),
}


def send(
    owner: httpx.Client, other_user: httpx.Client, faults: set[str], collection: str = "tasks", field: str = "title"
) -> httpx.Response:
    """Change the owner's task or project 1 with these faults in the request."""
    path = f"{collection}/{2 if 'task' in faults else 1}{'/x' if 'path' in faults else ''}"
    client = other_user if "owner" in faults else owner
    headers = {"Content-Type": "text/plain" if "media type" in faults else "application/json"}
    if "token" in faults:
        headers["Authorization"] = "Bearer x"
    if "precondition" in faults:
        headers["If-Match"] = '"7"'
    return client.request(
        "POST" if "method" in faults else "PATCH",
        str(owner.base_url.join(path)),
        params={"unknown": "1"} if "rule" in faults else None,
        headers=headers,
        content=(f'{{"{field}": "b"' + ("" if "form" in faults else "}")).ljust(70_000 if "size" in faults else 1),
    )


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_has_its_own_status_and_code(alice: httpx.Client, bob: httpx.Client, fault: str) -> None:
    alice.post("/tasks", json={"title": "a"})

    assert refusal(send(alice, bob, {fault})) == FAULTS[fault]
    assert alice.get("/tasks/1").json()["title"] == "a"


@pytest.mark.parametrize(("earlier", "later"), list(combinations(FAULTS, 2)))
def test_of_two_faults_the_one_checked_first_is_reported(
    alice: httpx.Client, bob: httpx.Client, earlier: str, later: str
) -> None:
    alice.post("/tasks", json={"title": "a"})

    assert refusal(send(alice, bob, {earlier, later})) == FAULTS[earlier]
    assert alice.get("/tasks/1").json()["title"] == "a"


@pytest.mark.parametrize(("earlier", "later"), list(pairwise(FAULTS)))
def test_requests_for_a_project_are_checked_in_the_same_order(
    alice: httpx.Client, bob: httpx.Client, earlier: str, later: str
) -> None:
    project = alice.post("/projects", json={"name": "a"}).json()

    assert refusal(send(alice, bob, {earlier, later}, "projects", "name")) == FAULTS[earlier]
    assert alice.get("/projects/1").json() == project


CREDENTIALS = {
    "no token": (None, (401, "AUTH_MISSING")),
    "an invalid token": ("x.y.z", (401, "AUTH_INVALID")),
    "another user's token": (token_of(new_user()), (403, "AUTH_FORBIDDEN")),
}


@pytest.mark.parametrize("credentials", CREDENTIALS)
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "tasks"), ("PUT", "tasks/1"), ("POST", "tasks/batch"), ("POST", "import")]
)
def test_the_body_of_an_unauthorized_request_is_never_read(credentials: str, method: str, path: str) -> None:
    token, expected = CREDENTIALS[credentials]

    response = send_request(app_in_memory(), method, f"/api/alice/{path}", token, content=unreadable())

    assert refusal(response) == expected


async def unreadable() -> AsyncIterator[bytes]:
    pytest.fail("the body was read")
    yield b""


@pytest.mark.parametrize("credentials", CREDENTIALS)
@pytest.mark.parametrize(
    ("body", "media_type"),
    [(b"{", "application/json"), (b"x" * 1_000_000, "application/json"), (b"<a/>", "text/xml"), (b"\xff", "x")],
)
def test_an_unauthorized_request_gets_401_or_403_whatever_its_body(
    alice: httpx.Client, credentials: str, body: bytes, media_type: str
) -> None:
    token, expected = CREDENTIALS[credentials]
    headers = {"Content-Type": media_type} | ({"Authorization": f"Bearer {token}"} if token else {})

    response = httpx.post(str(alice.base_url.join("tasks")), content=body, headers=headers)

    assert refusal(response) == expected
