"""The settings of tracing, and the end of an app whose collector does not respond."""

import socket
import sys
import time

import pytest

from tests.integration.server import settings_for
from todo_api.container import assemble
from todo_api.settings import WrongSetting
from todo_api.tracing import export
from todo_api.tracing.export import Tracing


@pytest.mark.anyio
async def test_a_collector_that_does_not_respond_does_not_delay_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "_LAST_SECONDS", 0.05)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.2")  # so that its thread ends soon after the test
    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with Tracing(f"http://127.0.0.1:{listener.getsockname()[1]}") as tracing:
            with tracing.calls.fetch("https://auth.example/jwks"):
                pass
            begun = time.monotonic()

        assert time.monotonic() - begun < 5


def test_a_name_of_the_service_in_the_environment_takes_precedence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "todo-eu")

    assert Tracing("http://127.0.0.1:9").resource.attributes["service.name"] == "todo-eu"


def test_a_collector_without_the_extra_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "todo_api.tracing.export", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    settings = settings_for("never-opened.sqlite3", otel_exporter_otlp_endpoint="http://127.0.0.1:9")

    with pytest.raises(WrongSetting, match=r"OTEL_EXPORTER_OTLP_ENDPOINT needs .*: install todo-backend\[api,otel\]"):
        assemble(settings)
