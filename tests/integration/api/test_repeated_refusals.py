"""A client that repeats a refused request on new connections is refused at almost no cost."""

import asyncio
import socket
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.integration.api.problems import refusal
from tests.integration.server import LIMITS, new_user, running_server, settings_for
from todo_api.container import Container
from todo_api.http.user_limits import rate_limited
from todo_api.server.acceptor import Acceptor
from todo_api.server.connections import Connections
from todo_api.server.repeated_refusals import MAX_REMEMBERED, REPEAT_SECONDS, RepeatedRefusals

HEAD = "GET /api/a/tasks?limit=1 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer t\r\n\r\n"
SCOPE = {
    "client": ("127.0.0.1", 50000),
    "path": "/api/a/tasks",
    "raw_path": b"/api/a/tasks",
    "query_string": b"limit=1",
    "headers": [(b"host", b"a"), (b"authorization", b"Bearer t")],
}
REFUSED = rate_limited("too much", policy='"work";q=5;w=5', seconds=1)


class Refusals:
    """Refusals, the reasons that they have counted, and a clock that is set by hand."""

    def __init__(self) -> None:
        self.counted: list[str] = []
        self.now = 1.0
        self.known = RepeatedRefusals(self.counted.append, lambda: self.now)

    def response_to(self, head: str) -> bytes:
        """Return what a client gets that has sent this before its connection is accepted, or nothing."""
        client, accepted = socket.socketpair()
        with client, accepted:
            client.sendall(head.encode())
            return client.recv(4096) if self.known.refuse(accepted, head.encode()) else b""


@pytest.fixture
def refusals() -> Refusals:
    refusals = Refusals()
    refusals.known.remember(SCOPE, REFUSED)
    return refusals


def test_a_request_that_repeats_a_refused_one_gets_the_same_document(refusals: Refusals) -> None:
    responses = [refusals.response_to(HEAD) for _ in range(2)]

    head, _, body = responses[0].partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 429 ")
    assert b"retry-after: 1\r\n" in head
    assert b"\r\nconnection: close" in head
    assert b'"instance":"/api/a/tasks"' in body
    assert responses[0] == responses[1]
    assert refusals.counted == ["refused again"] * 2


def test_a_refusal_is_repeated_for_a_moment(refusals: Refusals) -> None:
    refusals.now += REPEAT_SECONDS / 2
    refusals.known.remember(SCOPE, REFUSED)
    assert refusals.response_to(HEAD)

    refusals.now += REPEAT_SECONDS / 2

    assert not refusals.response_to(HEAD)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("limit=1", "limit=2"),
        ("Bearer t", "Bearer u"),
        ("GET", "PUT"),
        ("Host", "Origin: https://a.example\r\nHost"),
        ("Host", "Authorization: Bearer t\r\nHost"),
        ("Authorization", "X"),
        ("\r\n\r\n", "\r\n"),
        (HEAD, ""),
    ],
)
def test_another_or_incomplete_request_is_not_refused_before_it_is_parsed(
    refusals: Refusals, old: str, new: str
) -> None:
    assert not refusals.response_to(HEAD.replace(old, new, 1))


def test_a_refused_calendar_is_known_by_the_token_in_its_target() -> None:
    refusals, target = Refusals(), "/calendar/todo_pat_YQ.s.ics"
    scope = {**SCOPE, "path": target, "raw_path": target.encode(), "query_string": b"", "headers": [(b"host", b"a")]}
    head = f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"

    refusals.known.remember(scope, REFUSED)

    response = refusals.response_to(head)
    assert response.startswith(b"HTTP/1.1 429 ")
    assert b"todo_pat_" not in response
    assert not refusals.response_to(head.replace("YQ", "Yg"))
    assert not refusals.response_to(head.replace("Host", "Authorization: Bearer t\r\nHost"))


def test_few_refusals_are_remembered(refusals: Refusals) -> None:
    for number in range(MAX_REMEMBERED):
        refusals.known.remember({**SCOPE, "raw_path": b"/%d" % number}, REFUSED)

    assert not refusals.response_to(HEAD)


def test_a_stream_that_is_refused_is_accepted_again_soon_after_another_has_ended(tmp_path: Path) -> None:
    container = Container(settings=settings_for(tmp_path / "a.sqlite3", max_streams=1))
    user = new_user()
    with running_server(container) as server, ExitStack() as stack:
        clients = [stack.enter_context(server.client(user)) for _ in range(5)]

        def status(client: httpx.Client) -> int:
            with client.stream("GET", "/changes/stream") as response:
                if response.status_code == 429:
                    response.read()
                    assert refusal(response) == (429, "RATE_LIMITED")
                return response.status_code

        with clients[0].stream("GET", "/changes/stream"):
            refused = [status(client) for client in clients[1:]]
        while status(clients[0]) == 429:
            pass

    assert refused == [429] * 4


@pytest.mark.anyio
async def test_the_acceptor_refuses_a_repeated_request_without_a_protocol(anyio_backend: str) -> None:
    del anyio_backend
    connections = Connections(LIMITS)
    connections.refusals.remember(SCOPE, REFUSED)
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as client:
        client.sendall(HEAD.encode())
        acceptor = Acceptor(listener, lambda: pytest.fail("no protocol"), connections, (), None)

        async with asyncio.timeout(20):
            response = await asyncio.to_thread(client.recv, 4096)

        acceptor.close()
    await acceptor.wait_closed()
    connections.close()
    assert response.startswith(b"HTTP/1.1 429 ")
