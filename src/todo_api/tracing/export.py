"""Export of spans by OTLP over HTTP. OpenTelemetry's SDK reads its other settings (`OTEL_…`) by itself."""

import asyncio
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from threading import Thread
from typing import Final, Self

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from starlette.types import ASGIApp

from todo_api.tracing.calls import Calls
from todo_api.tracing.requests import TracedRequests

_NAME: Final = "todo-backend"
_LAST_SECONDS: Final = 1.0
"""How long the end of the process waits for the last export."""


class Tracing:
    """The spans of one app, as an async context manager that exports them while it is open."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self.resource = Resource.create({SERVICE_VERSION: version(_NAME)})
        if str(self.resource.attributes[SERVICE_NAME]).startswith("unknown_service"):
            self.resource = self.resource.merge(Resource({SERVICE_NAME: _NAME}))
        self._provider = TracerProvider(resource=self.resource, shutdown_on_exit=False)
        self._tracer = self._provider.get_tracer(_NAME, version(_NAME))
        self.calls = Calls(self._tracer)

    @property
    def middleware(self) -> Callable[[ASGIApp], ASGIApp]:
        """What gives every request of an app its span."""
        return partial(TracedRequests, tracer=self._tracer)

    async def __aenter__(self) -> Self:
        """Begin to export, in a thread."""
        exporter = OTLPSpanExporter(endpoint=f"{self._endpoint.rstrip('/')}/v1/traces")
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        return self

    async def __aexit__(self, *_: object) -> None:
        """Export the last spans, but don't wait longer than a second for the collector."""
        last = Thread(target=self._provider.shutdown, daemon=True)
        last.start()
        await asyncio.to_thread(last.join, _LAST_SECONDS)
