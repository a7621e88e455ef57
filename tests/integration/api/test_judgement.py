"""The order of judgement: of two faults the earlier one is answered, and a stranger's body stays unread."""

from collections.abc import AsyncIterator
from itertools import combinations

import httpx
import pytest

from tests.integration.api.asgi import app_in_memory, ask
from tests.integration.api.problems import refusal
from tests.integration.server import new_user, token_of

# In the order of judgement.
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


def send(owner: httpx.Client, stranger: httpx.Client, faults: set[str]) -> httpx.Response:
    """Change the owner's task 1 with these faults in the request."""
    path = f"tasks/{2 if 'task' in faults else 1}{'/x' if 'path' in faults else ''}"
    client = stranger if "owner" in faults else owner
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
        content=('{"title": "b"' + ("" if "form" in faults else "}")).ljust(70_000 if "size" in faults else 1),
    )


@pytest.mark.parametrize("fault", FAULTS)
def test_a_request_with_one_fault_is_answered_with_it(alice: httpx.Client, bob: httpx.Client, fault: str) -> None:
    alice.post("/tasks", json={"title": "a"})

    assert refusal(send(alice, bob, {fault})) == FAULTS[fault]
    assert alice.get("/tasks/1").json()["title"] == "a"


@pytest.mark.parametrize(("earlier", "later"), list(combinations(FAULTS, 2)))
def test_of_two_faults_the_earlier_one_is_answered(
    alice: httpx.Client, bob: httpx.Client, earlier: str, later: str
) -> None:
    alice.post("/tasks", json={"title": "a"})

    assert refusal(send(alice, bob, {earlier, later})) == FAULTS[earlier]
    assert alice.get("/tasks/1").json()["title"] == "a"


STRANGERS = {
    "nobody": (None, (401, "AUTH_MISSING")),
    "a token that is none": ("x.y.z", (401, "AUTH_INVALID")),
    "another user's token": (token_of(new_user()), (403, "AUTH_FORBIDDEN")),
}


@pytest.mark.parametrize("stranger", STRANGERS)
@pytest.mark.parametrize(("method", "path"), [("POST", "tasks"), ("PUT", "tasks/1"), ("POST", "tasks/batch")])
def test_the_body_of_a_stranger_is_never_read(stranger: str, method: str, path: str) -> None:
    token, expected = STRANGERS[stranger]

    answer = ask(app_in_memory(), method, f"/api/alice/{path}", token, content=unreadable())

    assert refusal(answer) == expected


async def unreadable() -> AsyncIterator[bytes]:
    pytest.fail("the body was read")
    yield b""


@pytest.mark.parametrize("stranger", STRANGERS)
@pytest.mark.parametrize(
    ("body", "media_type"),
    [(b"{", "application/json"), (b"x" * 1_000_000, "application/json"), (b"<a/>", "text/xml"), (b"\xff", "x")],
)
def test_a_stranger_hears_that_it_is_one_whatever_it_sends(
    alice: httpx.Client, stranger: str, body: bytes, media_type: str
) -> None:
    token, expected = STRANGERS[stranger]
    headers = {"Content-Type": media_type} | ({"Authorization": f"Bearer {token}"} if token else {})

    answer = httpx.post(str(alice.base_url.join("tasks")), content=body, headers=headers)

    assert refusal(answer) == expected
