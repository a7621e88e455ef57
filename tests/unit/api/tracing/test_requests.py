"""The span of a request."""

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import NoOpTracer, Tracer
from starlette.types import Message, Receive, Scope, Send

from todo_api.http.trace_context import trace_id_of
from todo_api.tracing.requests import TracedRequests

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"
ROUTE = SimpleNamespace(path="/api/{user_id}/tasks")


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracer(exporter: InMemorySpanExporter) -> Iterator[Tracer]:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield provider.get_tracer("tests")
    provider.shutdown()


def serve(tracer: Tracer, outcome: dict[str, Any], *headers: tuple[bytes, bytes], **request: Any) -> Scope:
    """Serve a request whose scope has this outcome at its end, and return the scope."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del receive, send
        scope.update(outcome)
        if error := scope.get("raises"):
            raise error

    async def receive() -> Message:
        raise AssertionError

    async def send(_: Message) -> None:
        raise AssertionError

    scope: Scope = {"type": "http", "method": "GET", "scheme": "https", "http_version": "1.1", "headers": headers}
    scope.update(trace_id=trace_id_of(headers), **request)
    asyncio.run(TracedRequests(app, tracer)(scope, receive, send))
    return scope


def only_span(exporter: InMemorySpanExporter) -> ReadableSpan:
    (span,) = exporter.get_finished_spans()
    return span


def test_a_request_with_a_traceparent_continues_its_trace(tracer: Tracer, exporter: InMemorySpanExporter) -> None:
    headers = ((b"traceparent", f"00-{TRACE}-{PARENT}-01".encode()), (b"tracestate", b"a=1"), (b"tracestate", b"b=2"))

    scope = serve(tracer, {"status": 200, "route": ROUTE}, *headers)

    span = only_span(exporter)
    assert span.name == "GET /api/{user_id}/tasks"
    assert span.parent
    assert (f"{span.parent.trace_id:032x}", f"{span.parent.span_id:016x}") == (TRACE, PARENT)
    assert span.context
    assert dict(span.context.trace_state) == {"a": "1", "b": "2"}
    assert scope["trace_id"] == TRACE


@pytest.mark.parametrize("value", [b"", b"x", f"00-{TRACE}-{PARENT}-01-more".encode()])
def test_any_other_request_begins_a_trace(tracer: Tracer, exporter: InMemorySpanExporter, value: bytes) -> None:
    with tracer.start_as_current_span("another request of the same connection"):
        scope = serve(tracer, {"status": 200}, (b"traceparent", value))

    span = exporter.get_finished_spans()[0]
    assert span.parent is None
    assert span.context
    assert scope["trace_id"] == f"{span.context.trace_id:032x}" != TRACE


def test_a_path_that_no_route_has_is_not_in_the_span(tracer: Tracer, exporter: InMemorySpanExporter) -> None:
    serve(tracer, {"status": 404}, method="SECRET", path="/s3cret", query_string=b"q=s3cret")

    span = only_span(exporter)
    assert span.name == "_OTHER"
    assert "s3cret" not in span.to_json()


@pytest.mark.parametrize(
    ("outcome", "error"),
    [
        ({"status": 200}, None),
        ({"status": 404, "error_code": "NOT_FOUND"}, None),
        ({"status": 503, "error_code": "OVERLOADED"}, "OVERLOADED"),
        ({"status": 503}, "_OTHER"),
        ({"status": 200, "error_code": "DATABASE_ERROR"}, "DATABASE_ERROR"),
        ({"error_code": "CLIENT_DISCONNECTED"}, "CLIENT_DISCONNECTED"),
        ({}, "_OTHER"),
    ],
)
def test_a_span_has_an_error_if_the_server_has_not_responded_as_it_should(
    tracer: Tracer, exporter: InMemorySpanExporter, outcome: dict[str, Any], error: str | None
) -> None:
    serve(tracer, outcome)

    span = only_span(exporter)
    assert span.attributes is not None
    assert span.attributes.get("error.type") == error
    assert span.attributes.get("http.response.status_code") == outcome.get("status")
    assert span.status.is_ok == (error is None)


def test_an_error_is_not_described_in_the_span(tracer: Tracer, exporter: InMemorySpanExporter) -> None:
    with pytest.raises(LookupError):
        serve(tracer, {"raises": LookupError("s3cret")})

    assert "s3cret" not in only_span(exporter).to_json()


def test_the_client_is_in_the_span_with_bounded_texts(tracer: Tracer, exporter: InMemorySpanExporter) -> None:
    serve(tracer, {"status": 200}, (b"user-agent", b"x" * 1000), client=("y" * 1000, 1))

    attributes = only_span(exporter).attributes or {}
    assert (attributes["user_agent.original"], attributes["client.address"]) == ("x" * 256, "y" * 64)


def test_a_disabled_sdk_leaves_the_trace_of_the_client(exporter: InMemorySpanExporter) -> None:
    traced = serve(NoOpTracer(), {"status": 200}, (b"traceparent", f"00-{TRACE}-{PARENT}-01".encode()))
    untraced = serve(NoOpTracer(), {"status": 200})

    assert (traced["trace_id"], untraced["trace_id"]) == (TRACE, None)
    assert exporter.get_finished_spans() == ()


def test_other_messages_than_requests_pass(tracer: Tracer, exporter: InMemorySpanExporter) -> None:
    serve(tracer, {}, type="lifespan")

    assert exporter.get_finished_spans() == ()
