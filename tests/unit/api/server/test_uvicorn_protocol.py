"""The internals of uvicorn and httptools that the protocol depends on."""

import inspect

import pytest
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
    "shutdown": [],
    "_unset_keepalive_if_required": [],
}
CONNECTION = [
    "app_state",
    "cycle",
    "expect_100_continue",
    "headers",
    "loop",
    "parser",
    "scheme",
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


def test_uvicorn_has_a_status_line_for_every_refusal() -> None:
    lines = {status: httptools_impl.STATUS_LINE[status] for status in (400, 431, 501, 505)}

    assert all(line.startswith(b"HTTP/1.1 %d " % status) for status, line in lines.items())


@pytest.mark.parametrize("name", ["feed_data", "get_http_version", "get_method", "should_upgrade"])
def test_httptools_has_the_method_of_the_parser(name: str) -> None:
    assert callable(getattr(HttpRequestParser, name))
