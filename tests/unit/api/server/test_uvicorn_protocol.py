"""The internals of uvicorn and httptools that the protocol depends on."""

import inspect
import re

import pytest
import uvicorn
from httptools import HttpRequestParser
from uvicorn.protocols.http import httptools_impl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

METHODS = {
    "connection_made": ["transport"],
    "connection_lost": ["exc"],
    "data_received": ["data"],
    "eof_received": [],
    "on_message_begin": [],
    "on_header": ["name", "value"],
    "on_headers_complete": [],
    "on_body": ["body"],
    "on_message_complete": [],
    "on_response_complete": [],
    "pause_writing": [],
    "resume_writing": [],
    "shutdown": [],
    "_start_asgi_task": ["cycle", "app"],
}
CONNECTION = [
    "app_state",
    "connections",
    "cycle",
    "expect_100_continue",
    "flow",
    "headers",
    "loop",
    "parser",
    "pipeline",
    "scheme",
    "server_state",
    "transport",
    "url",
]
CYCLE = [
    "chunked_encoding",
    "disconnected",
    "expected_content_length",
    "keep_alive",
    "message_event",
    "response_complete",
    "response_started",
    "scope",
    "waiting_for_100_continue",
]


@pytest.mark.parametrize("name", METHODS)
def test_uvicorn_has_the_method_that_the_protocol_overrides_or_calls(name: str) -> None:
    parameters = list(inspect.signature(getattr(HttpToolsProtocol, name)).parameters)

    assert parameters == ["self", *METHODS[name]]


@pytest.mark.parametrize("name", CONNECTION)
def test_uvicorn_has_the_attribute_of_the_connection(name: str) -> None:
    assert f"self.{name}" in inspect.getsource(HttpToolsProtocol)


@pytest.mark.parametrize("name", CYCLE)
def test_uvicorn_has_the_attribute_of_the_cycle(name: str) -> None:
    assert f"self.{name}" in inspect.getsource(RequestResponseCycle)


def test_uvicorn_reads_receive_and_send_from_the_cycle_when_it_calls_the_app() -> None:
    assert "self.scope, self.receive, self.send" in inspect.getsource(RequestResponseCycle.run_asgi)


def test_uvicorn_takes_header_fields_from_the_list_of_the_connection() -> None:
    assert '"headers": self.headers' in inspect.getsource(HttpToolsProtocol.on_message_begin)
    assert "self.headers.append((name, value))" in inspect.getsource(HttpToolsProtocol.on_header)


def test_the_protocol_replaces_all_that_uvicorn_does_at_the_end_of_a_response() -> None:
    """A change here must be made in `BoundedConnection.on_response_complete` too."""
    done = re.findall(
        r"^ +(?!#|if|else|return)(\S.*)", inspect.getsource(HttpToolsProtocol.on_response_complete), re.MULTILINE
    )

    assert done == [
        "def on_response_complete(self) -> None:",
        "self.server_state.total_requests += 1",
        "self._unset_keepalive_if_required()",
        "self.flow.resume_reading()",
        "cycle, app = self.pipeline.pop()",
        "self._start_asgi_task(cycle, app)",
        "self.timeout_keep_alive_task = self.loop.call_later(",
        "self.timeout_keep_alive, self.timeout_keep_alive_handler",
        ")",
    ]


def test_uvicorns_server_has_what_ours_uses() -> None:
    source = inspect.getsource(uvicorn.Server)

    assert list(inspect.signature(uvicorn.Server.startup).parameters) == ["self", "sockets"]
    assert list(inspect.signature(uvicorn.Server.shutdown).parameters) == ["self", "sockets"]
    for used in ("lifespan.startup()", "lifespan.should_exit", "lifespan.state", "server_state", "servers", "started"):
        assert f"self.{used}" in source


def test_uvicorn_has_a_status_line_for_every_refusal() -> None:
    lines = {status: httptools_impl.STATUS_LINE[status] for status in (400, 408, 431, 501, 505)}

    assert all(line.startswith(b"HTTP/1.1 %d " % status) for status, line in lines.items())


@pytest.mark.parametrize("name", ["feed_data", "get_http_version", "get_method", "should_upgrade"])
def test_httptools_has_the_method_of_the_parser(name: str) -> None:
    assert callable(getattr(HttpRequestParser, name))
