"""A server process that exports spans to a collector, and one that knows neither OpenTelemetry nor assistants."""

import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Proto

from tests.integration.cli.test_serve import clean_environment, serving
from tests.integration.otlp import KEY, collecting
from tests.postgres import Postgres
from todo_adapters.sql.migrations import upgrade

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"
SECRET_TEXT = "s3cret"

IMPORTED = """
import asyncio, sys
import httpx
from todo_api.app import create_app
from todo_api.container import assemble
from todo_api.settings import Settings

# FastAPI itself imports OpenTelemetry's API, the package opentelemetry-api.
EXPORTING = {"opentelemetry.sdk", "opentelemetry.exporter", "google.protobuf", "todo_api.tracing"}
ASSISTING = {"todo_mcp", "mcp", "mcp_types", "httpx2"}

async def use(app):
    async with app.router.lifespan_context(app):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://todo.example") as client:
            assert (await client.get("/health/ready")).status_code == 200

asyncio.run(use(create_app(assemble(Settings(database_url="./tasks.sqlite3")))))
print(len((EXPORTING | ASSISTING) & set(sys.modules)))
assert "icalendar" not in sys.modules  # the first calendar imports it
assemble(Settings(database_url="./tasks.sqlite3", otel_exporter_otlp_endpoint="http://127.0.0.1:9"))
print(len(EXPORTING & set(sys.modules)))
"""


def test_requests_statements_and_fetches_of_keys_are_exported_as_one_trace(tmp_path: Path, postgres: Postgres) -> None:
    now = int(time.time())
    with postgres.database() as url, collecting() as collector:
        upgrade(url)
        claims = {"user_id": "alice", "iat": now, "exp": now + 900, "iss": collector.url, "aud": collector.url}
        headers = {
            "Authorization": f"Bearer {KEY.sign(claims)}",
            "traceparent": f"00-{TRACE}-{PARENT}-01",
            "User-Agent": "tests/1",
        }
        environment = {
            "DATABASE_URL": url,
            "BETTER_AUTH_URL": collector.url,
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"{collector.url}/",
            "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test",
            "OTEL_BSP_SCHEDULE_DELAY": "60000",
        }
        with serving(tmp_path, **environment) as process:
            tasks = f"{process.url()}/api/alice/tasks"
            created = httpx.post(tasks, json={"title": SECRET_TEXT}, headers=headers)
            httpx.get(tasks, params={"q": SECRET_TEXT, "limit": 1}, headers=headers)
            missing = httpx.get(f"{tasks}/7", headers={"Authorization": headers["Authorization"]})

        # The end of the process has exported the last spans.
        post, get = (
            next(span for span in collector.spans if span.name == f"{method} /api/{{user_id}}/tasks")
            for method in ("POST", "GET")
        )
        children = {span.name: span for span in collector.spans if span.parent_id == post.span_id}

    assert created.status_code == 201
    assert (post.trace_id, post.parent_id, post.kind) == (TRACE, PARENT, Proto.SPAN_KIND_SERVER)
    assert post.resource.items() >= {"service.name": "todo-backend", "deployment.environment.name": "test"}.items()
    assert post.attributes == {
        "http.request.method": "POST",
        "http.response.status_code": 201,
        "http.route": "/api/{user_id}/tasks",
        "url.path": "/api/{user_id}/tasks",
        "url.scheme": "http",
        "network.protocol.version": "1.1",
        "client.address": "127.0.0.1",
        "user_agent.original": "tests/1",
    }
    # A new connection asks which session it has.
    assert children.keys() - {"SELECT"} == {"GET", "INSERT task_lists INSERT tasks"}
    fetch, statement = children["GET"], children["INSERT task_lists INSERT tasks"]
    assert (fetch.name, fetch.kind) == ("GET", Proto.SPAN_KIND_CLIENT)
    assert fetch.attributes == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "url.full": f"{collector.url}/api/auth/jwks",
        "server.address": "127.0.0.1",
        "server.port": int(collector.url.rpartition(":")[2]),
    }
    assert (statement.name, statement.kind) == ("INSERT task_lists INSERT tasks", Proto.SPAN_KIND_CLIENT)
    assert statement.attributes.pop("db.query.text").startswith("WITH list AS")
    assert statement.attributes == {
        "db.system.name": "postgresql",
        "db.query.summary": "INSERT task_lists INSERT tasks",
        "db.namespace": urlsplit(url).path[1:],
        "server.address": urlsplit(url).hostname,
        "server.port": urlsplit(url).port,
    }
    assert get.trace_id == TRACE
    (other,) = {span.trace_id for span in collector.spans} - {TRACE}
    assert missing.json()["trace_id"] == other
    assert f'"trace_id":"{other}"' in process.output
    sent = b"".join(collector.raw)
    assert SECRET_TEXT.encode() not in sent
    assert headers["Authorization"].removeprefix("Bearer ").encode() not in sent
    assert b"alice" not in sent


def test_what_exports_spans_or_serves_assistants_is_imported_only_where_that_is_set(tmp_path: Path) -> None:
    program = [sys.executable, "-c", IMPORTED]

    run = subprocess.run(
        program, cwd=tmp_path, env=clean_environment(tmp_path), capture_output=True, text=True, check=True
    )

    assert run.stdout.split() == ["0", "4"]
