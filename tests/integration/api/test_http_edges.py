"""HTTP/1.1 as bytes on a socket: what RFC 9112 requires of a server."""

import inspect
import logging
import re
import socket
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.api.raw_connections import Reply, exchange
from tests.integration.server import LIMITS, Server, new_user, running_server, settings_for, token_of
from todo_api.container import Container
from todo_api.server import uvicorn_protocol
from todo_api.server.request_heads import head_without_upgrade
from todo_api.server.uvicorn_protocol import MAX_PIPELINED

BODY = b'{"title": "a"}'
HOST = b"Host: todo.example\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
H2C = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n"


class Caller:
    """A client that sends the bytes of its requests itself."""

    def __init__(self, server: Server) -> None:
        self.port = httpx.URL(server.url).port or 0
        user = new_user()
        self.tasks = f"/api/{user}/tasks".encode()
        self.token = b"Authorization: Bearer %s\r\n" % token_of(user).encode()

    def request(self, method: bytes = b"GET", path: bytes = b"", version: bytes = b"1.1", **fields: bytes) -> bytes:
        """Return the head of a request for the tasks; each field is one or more complete header lines."""
        lines = {"host": HOST, "token": self.token, "type": b"Content-Type: application/json\r\n", **fields}
        return b"%s %s HTTP/%s\r\n%s\r\n" % (method, path or self.tasks, version, b"".join(lines.values()))

    def post(self, version: bytes = b"1.1", **fields: bytes) -> bytes:
        """Return the head of a request that creates a task."""
        return self.request(b"POST", version=version, **fields)

    def exchange(self, *parts: bytes, half_close: bool = False, responses: int = 1) -> Reply:
        return exchange(self.port, *parts, half_close=half_close, responses=responses)


@pytest.fixture
def caller(server: Server) -> Caller:
    return Caller(server)


@pytest.mark.parametrize("framing", [(LENGTH, BODY), (CHUNKED, CHUNKS)])
def test_an_upgrade_to_http_2_is_ignored_and_the_body_is_read(caller: Caller, framing: tuple[bytes, bytes]) -> None:
    head = caller.post(upgrade=H2C, framing=framing[0])

    together = caller.exchange(head + framing[1])
    apart = caller.exchange(head, framing[1])

    assert together.statuses == apart.statuses == [201]
    assert not together.closed


def test_several_requests_with_an_upgrade_are_served_on_one_connection(caller: Caller) -> None:
    one = caller.post(upgrade=H2C, framing=LENGTH) + BODY

    assert caller.exchange(one + one + caller.request(), responses=3).statuses == [201, 201, 200]


def test_each_of_many_requests_with_an_upgrade_is_parsed_at_the_same_depth(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    depths: list[int] = []

    def observed(*arguments: Any) -> bytes:
        depths.append(len(inspect.stack(0)))
        return head_without_upgrade(*arguments)

    monkeypatch.setattr(uvicorn_protocol, "head_without_upgrade", observed)
    one = caller.post(upgrade=H2C, framing=LENGTH) + BODY

    reply = caller.exchange(one * MAX_PIPELINED, responses=MAX_PIPELINED)

    assert reply.statuses == [201] * MAX_PIPELINED
    assert len(depths) == MAX_PIPELINED
    assert max(depths) - min(depths) < 10


def test_connection_close_is_honoured_beside_an_upgrade(caller: Caller) -> None:
    reply = caller.exchange(
        caller.post(upgrade=b"Connection: close, upgrade\r\nUpgrade: h2c\r\n", framing=LENGTH) + BODY
    )

    assert (reply.statuses, reply.closed) == ([201], True)


def test_connect_is_refused(caller: Caller) -> None:
    assert caller.exchange(b"CONNECT todo.example:443 HTTP/1.1\r\n" + HOST + b"\r\n").statuses == [400]


@pytest.mark.parametrize("parts", [1, 2])
def test_expect_100_continue_gets_an_interim_response(caller: Caller, parts: int) -> None:
    head = caller.post(expect=b"Expect: 100-continue\r\n", framing=LENGTH)

    reply = caller.exchange(head + BODY) if parts == 1 else caller.exchange(head, BODY)

    assert reply.statuses == [100, 201]
    assert not reply.closed


def test_http_1_0_gets_no_interim_response(caller: Caller) -> None:
    reply = caller.exchange(caller.post(b"1.0", expect=b"Expect: 100-continue\r\n", framing=LENGTH) + BODY)

    assert reply.statuses == [201]


def test_a_refusal_instead_of_the_interim_response_closes_the_connection(caller: Caller) -> None:
    reply = caller.exchange(caller.post(token=b"", expect=b"Expect: 100-continue\r\n", framing=LENGTH))

    assert (reply.statuses, reply.closed) == ([401], True)
    assert b"\r\nconnection: close" in reply.head


@pytest.mark.parametrize(
    ("version", "hosts", "status"),
    [
        (b"1.1", b"", 400),
        (b"1.0", b"", 200),
        (b"1.1", HOST + HOST, 400),
        (b"1.0", HOST + HOST, 400),
        (b"1.1", b"Host:\r\n", 200),
        (b"1.1", b"Host: [::1]:8000\r\n", 200),
        (b"1.1", b"Host: a b\r\n", 400),
        (b"1.1", b"Host: a/b\r\n", 400),
        (b"1.1", b"Host: a, b\r\n", 400),
    ],
)
def test_a_request_must_have_one_valid_host_header(caller: Caller, version: bytes, hosts: bytes, status: int) -> None:
    reply = caller.exchange(caller.request(version=version, host=hosts))

    assert reply.statuses == [status]
    assert reply.closed is (status == 400 or version == b"1.0")


@pytest.mark.parametrize(
    ("codings", "status"),
    [
        (b"Transfer-Encoding: Chunked\r\n", 201),
        (b"Transfer-Encoding: \t chunked\r\n", 201),
        (b"Transfer-Encoding: , chunked\r\n", 201),
        (b"Transfer-Encoding: gzip, chunked\r\n", 501),
        (b"Transfer-Encoding: gzip\r\n" + CHUNKED, 501),
        (b"Transfer-Encoding: gzip\r\n", 501),
        (b"Transfer-Encoding: identity\r\n", 501),
        (b"Transfer-Encoding: xchunked\r\n", 501),
        (b"Transfer-Encoding: chunked, gzip\r\n", 400),
        (b"Transfer-Encoding: chunked, chunked\r\n", 400),
        (CHUNKED + LENGTH, 400),
        (LENGTH + LENGTH, 400),
        (b"Content-Length: +13\r\n", 400),
    ],
)
def test_ambiguous_or_unsupported_framing_of_a_body_is_refused(caller: Caller, codings: bytes, status: int) -> None:
    reply = caller.exchange(caller.post(framing=codings) + CHUNKS)

    assert reply.statuses == [status]
    assert reply.closed is (status != 201)


def test_a_transfer_coding_is_refused_in_http_1_0(caller: Caller) -> None:
    assert caller.exchange(caller.post(b"1.0", framing=CHUNKED) + CHUNKS).statuses == [400]


@pytest.mark.parametrize(
    ("version", "status"), [(b"1.0", 200), (b"1.1", 200), (b"2.0", 505), (b"0.9", 505), (b"3.0", 400), (b"1.10", 400)]
)
def test_only_http_versions_1_1_and_1_0_are_served(caller: Caller, version: bytes, status: int) -> None:
    assert caller.exchange(caller.request(version=version)).statuses == [status]


def test_a_request_without_a_version_is_refused(caller: Caller) -> None:
    assert caller.exchange(b"GET /health\r\n\r\n").statuses == [505]


@pytest.mark.parametrize(
    "head",
    [
        b"GET /health HTTP/1.1\r\nHost : x\r\n\r\n",
        b"GET /health HTTP/1.1\r\n Host: x\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nX-A: a\r\n b\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\rX-A: a\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\n: a\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nX-A: a\0b\r\n\r\n",
        b"GET\t/health HTTP/1.1\r\nHost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
    ],
)
def test_malformed_http_is_refused_with_a_problem_and_logged(
    caller: Caller, caplog: pytest.LogCaptureFixture, head: bytes
) -> None:
    caplog.set_level(logging.INFO)

    reply = caller.exchange(head)

    assert (reply.statuses, reply.closed, reply.reset) == ([400], True, False)
    assert b'"error_code":"VALIDATION_ERROR"' in reply.body
    assert [record.__dict__["fields"]["status"] for record in caplog.records if record.name == "todo_api.requests"] == [
        400
    ]


def test_white_space_around_a_header_value_is_ignored(caller: Caller) -> None:
    key = b"Idempotency-Key: \t key-1 \t \r\n"

    assert caller.exchange(caller.post(key=key, framing=LENGTH) + BODY).statuses == [201]


def test_empty_lines_before_a_request_are_ignored(caller: Caller) -> None:
    assert caller.exchange(b"\r\n\r\n" + caller.request()).statuses == [200]


def test_a_trailer_field_is_not_a_header_field(caller: Caller) -> None:
    trailer = CHUNKS[:-2] + caller.token + b"\r\n"

    reply = caller.exchange(caller.post(token=b"", framing=CHUNKED), trailer)

    assert reply.statuses == [401]


def test_trailer_fields_that_are_too_large_are_refused(caller: Caller) -> None:
    reply = caller.exchange(caller.post(framing=CHUNKED) + CHUNKS[:-2], b"X-Large: " + b"x" * 70_000)

    assert (reply.statuses, reply.closed) == ([431], True)


def test_a_malformed_chunk_gets_400_and_closes_the_connection(caller: Caller) -> None:
    reply = caller.exchange(caller.post(framing=CHUNKED), b"1\r\n{\r\nno length\r\n")

    assert (reply.statuses, reply.closed) == ([400], True)


@pytest.mark.parametrize("token", [True, False])
@pytest.mark.parametrize("fields", [b"Connection: close\r\n", b""])
def test_a_refusal_reaches_a_client_that_is_still_sending_its_body(
    caller: Caller, token: object, fields: bytes
) -> None:
    size = 10_000_000  # more than all buffers between client and server
    length = b"Content-Length: %d\r\n" % size
    head = caller.post(token=caller.token if token else b"", fields=fields, framing=length)

    for _ in range(5):
        reply = caller.exchange(head + b"x" * size)

        assert reply.statuses == [413 if token else 401]
        assert reply.closed is bool(fields)
        assert not reply.reset


def test_after_a_refusal_the_body_is_skipped_and_the_connection_stays_open(caller: Caller) -> None:
    head = caller.post(token=b"", framing=LENGTH)

    assert caller.exchange(head, BODY + caller.request(), responses=2).statuses == [401, 200]


def test_requests_after_the_last_response_of_a_connection_are_ignored(caller: Caller) -> None:
    reply = caller.exchange(caller.request(fields=b"Connection: close\r\n") + caller.post(framing=LENGTH) + BODY)
    refused = caller.exchange(caller.request(host=b"") + caller.post(framing=LENGTH) + BODY)

    assert (reply.statuses, refused.statuses) == ([200], [400])
    assert b'"count":0' in caller.exchange(caller.request()).body


def test_malformed_http_during_a_response_ends_the_response(caller: Caller) -> None:
    stream = caller.request(path=caller.tasks.replace(b"/tasks", b"/changes/stream"))

    reply = caller.exchange(stream, b"this is not HTTP\r\n\r\n")

    assert (reply.statuses, reply.closed) == ([200], True)


def test_shutdown_does_not_wait_for_incomplete_requests(tmp_path: Path) -> None:
    with running_server(Container(settings=settings_for(tmp_path / "tasks.sqlite3"))) as server:
        caller = Caller(server)
        connections = [socket.create_connection(("127.0.0.1", caller.port), timeout=20) for _ in range(3)]
        connections[0].sendall(b"GET / HT")
        connections[1].sendall(caller.post(token=b"", framing=LENGTH))
        assert connections[1].recv(12) == b"HTTP/1.1 401"
        started = time.monotonic()

    assert time.monotonic() - started < LIMITS.close_seconds
    for connection in connections:
        connection.close()


def test_a_client_that_half_closes_after_its_request_gets_the_response(
    caller: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    until_closed = 2  # one response more than there is
    reply = caller.exchange(caller.post(framing=LENGTH) + BODY, half_close=True, responses=until_closed)

    assert (reply.statuses, reply.closed) == ([201], True)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_a_client_that_half_closes_within_its_body_gets_no_response(
    caller: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    reply = caller.exchange(caller.post(framing=LENGTH) + b"{", half_close=True)

    assert (reply.data, reply.closed) == (b"", True)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_a_client_that_closed_its_sending_side_gets_the_responses_to_all_its_requests(
    caller: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    requests = caller.post(framing=LENGTH) + BODY + caller.request() * 2

    until_closed = 4  # one response more than there are
    reply = caller.exchange(requests, half_close=True, responses=until_closed)

    assert (reply.statuses, reply.closed) == ([201, 200, 200], True)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_the_end_of_the_sending_side_ends_a_stream(caller: Caller) -> None:
    stream = caller.request(path=caller.tasks.replace(b"/tasks", b"/changes/stream"))
    with socket.create_connection(("127.0.0.1", caller.port), timeout=10) as connection:  # less than a heartbeat
        connection.sendall(stream)
        assert connection.recv(12) == b"HTTP/1.1 200"

        connection.shutdown(socket.SHUT_WR)

        while connection.recv(4096):
            pass


PATHS = ["/health", "/health/ready", "/docs", "/openapi.json", "tasks", "tasks?limit=1", "tasks/1", "changes"]


@pytest.mark.parametrize("path", PATHS)
def test_head_has_the_headers_of_get_and_no_body(alice: httpx.Client, path: str) -> None:
    url = httpx.URL(str(alice.base_url)).join(path)
    alice.post("/tasks", json={"title": "a"})

    got, headed = alice.get(url), alice.head(url)

    assert (headed.status_code, headed.content) == (200, b"")
    own = {"x-request-id", "date"}
    assert {n: v for n, v in headed.headers.items() if n not in own} == {
        n: v for n, v in got.headers.items() if n not in own
    }


def test_head_of_a_stream_ends_at_once(alice: httpx.Client) -> None:
    response = alice.head("/changes/stream")

    assert (response.status_code, response.headers["Content-Type"]) == (200, "text/event-stream; charset=utf-8")


def test_head_of_a_missing_task_gets_404_without_a_body(alice: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    response = alice.head("/tasks/1")

    assert (response.status_code, response.content) == (404, b"")
    (fields,) = (record.__dict__["fields"] for record in caplog.records if record.name == "todo_api.requests")
    assert (fields["method"], fields["status"]) == ("HEAD", 404)


def test_head_is_not_allowed_where_get_is_not_allowed(alice: httpx.Client) -> None:
    response = alice.head("/tasks/batch")

    assert (response.status_code, response.headers["Allow"], response.content) == (405, "POST", b"")


def test_a_stream_over_http_1_0_is_not_chunked_and_ends_with_the_connection(caller: Caller) -> None:
    created = caller.exchange(caller.post(framing=LENGTH) + BODY)
    assert created.statuses == [201]
    stream = caller.tasks.replace(b"/tasks", b"/changes/stream")

    reply = talk_until(caller, caller.request(path=stream, version=b"1.0"), b"}\n\n")

    head, _, body = reply.partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head.lower()
    assert b"connection: close" in head.lower()
    assert re.match(rb"retry: 2000\n\nid: \w+\.1\ndata: \{", body)


def talk_until(caller: Caller, request: bytes, end: bytes) -> bytes:
    """Send a request and return the received bytes up to this end."""
    with socket.create_connection(("127.0.0.1", caller.port), timeout=20) as connection:
        connection.sendall(request)
        data = b""
        while not data.endswith(end):
            data += connection.recv(65536)
    return data


@pytest.mark.parametrize("place", ["header", "query"])
def test_a_stream_resumes_after_the_last_event(alice: httpx.Client, place: str) -> None:
    alice.post("/tasks", json={"title": "a"})
    token = alice.get("/changes").json()["next"]
    alice.post("/tasks", json={"title": "b"})
    headers = {"Last-Event-ID": token} if place == "header" else {}
    query = {"lastEventId": token} if place == "query" else {}

    with alice.stream("GET", "/changes/stream", params=query, headers=headers) as response:
        data = next(line for line in response.iter_lines() if line.startswith("data:"))

    assert '"title":"b"' in data


def test_a_malformed_last_event_id_in_the_query_is_refused_and_named(alice: httpx.Client) -> None:
    response = alice.get("/changes/stream", params={"lastEventId": "no token"})

    assert response.status_code == 422
    assert [error["loc"] for error in response.json()["errors"]] == [["query", "lastEventId"]]
