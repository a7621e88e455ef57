"""The span of a request, by the semantic conventions for HTTP servers."""

from typing import Final

from opentelemetry.context import Context
from opentelemetry.semconv.attributes import client_attributes as client_names
from opentelemetry.semconv.attributes import error_attributes as error_names
from opentelemetry.semconv.attributes import http_attributes as http
from opentelemetry.semconv.attributes import network_attributes as network
from opentelemetry.semconv.attributes import url_attributes as url
from opentelemetry.semconv.attributes import user_agent_attributes as agent_names
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, format_trace_id
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import ASGIApp, Receive, Scope, Send

from todo_api.http.headers import header_lines
from todo_api.middleware.request_log import MAX_ADDRESS, MAX_AGENT

_METHODS: Final = frozenset(["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"])
_PROPAGATOR: Final = TraceContextTextMapPropagator()
_ERROR: Final = 400
_SERVER_ERROR: Final = 500


class TracedRequests:
    """Gives every request a span, which belongs to the trace of a well-formed `traceparent`, else begins a trace.

    The span has the template of the path, but neither the path nor the query: these may contain
    a search text, or whatever a client puts there by mistake.
    """

    def __init__(self, app: ASGIApp, tracer: Tracer) -> None:
        self._app = app
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
        with self._tracer.start_as_current_span(
            method,
            context=_parent_of(scope),
            kind=SpanKind.SERVER,
            attributes=_attributes_of(scope, method),
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            if trace_id := span.get_span_context().trace_id:
                scope["trace_id"] = format_trace_id(trace_id)
            try:
                await self._app(scope, receive, send)
            finally:
                _finish(span, scope, method)


def _parent_of(scope: Scope) -> Context:
    """Return the context of the caller, if the request log found its header well-formed; never that of this task."""
    carrier = {}
    if scope.get("trace_id"):
        for name in ("traceparent", "tracestate"):
            carrier[name] = ",".join(header_lines(scope, name.encode()))
    return _PROPAGATOR.extract(carrier, Context())


def _attributes_of(scope: Scope, method: str) -> dict[str, str]:
    attributes = {
        http.HTTP_REQUEST_METHOD: method,
        url.URL_SCHEME: scope["scheme"],
        network.NETWORK_PROTOCOL_VERSION: scope["http_version"],
    }
    if client := scope.get("client"):
        attributes[client_names.CLIENT_ADDRESS] = client[0][:MAX_ADDRESS]
    if agent := header_lines(scope, b"user-agent"):
        attributes[agent_names.USER_AGENT_ORIGINAL] = agent[-1][:MAX_AGENT]
    return attributes


def _finish(span: Span, scope: Scope, method: str) -> None:
    status, error_code = scope.get("status", 0), scope.get("error_code")
    if route := getattr(scope.get("route"), "path", None):
        span.update_name(f"{method} {route}")
        span.set_attribute(http.HTTP_ROUTE, route)
        span.set_attribute(url.URL_PATH, route)
    if status:
        span.set_attribute(http.HTTP_RESPONSE_STATUS_CODE, status)
    # A response that was begun may fail later.
    if status == 0 or status >= _SERVER_ERROR or (error_code and status < _ERROR):
        span.set_status(Status(StatusCode.ERROR))
        span.set_attribute(error_names.ERROR_TYPE, error_code or "_OTHER")
