"""The spans of statements and of fetches of keys."""

from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Tracer

from todo_adapters.sql.postgres import statements as postgresql
from todo_adapters.sql.sqlite import task_list as sqlite
from todo_api.tracing.calls import Calls, summary_of

CONSTANT = {"db.system.name", "db.query.summary", "db.query.text"}


class Refused(Exception):
    """An error of a database, whose message has data of a user."""

    sqlstate = "23505"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracer(exporter: InMemorySpanExporter) -> Iterator[Tracer]:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield provider.get_tracer("tests")
    provider.shutdown()


@pytest.mark.parametrize(
    ("statement", "summary"),
    [
        (postgresql.ADD, "INSERT task_lists INSERT tasks"),
        (postgresql.WRITE, "UPDATE task_lists UPDATE tasks"),
        (postgresql.LOCK_MORE_TASKS, "SELECT tasks"),
        (postgresql.LOCK_LIST, "INSERT task_lists"),
        ("WITH gone AS (DELETE FROM a RETURNING id) UPDATE b SET c = 1 FROM gone", "DELETE a UPDATE b"),
        (sqlite._GET, "SELECT tasks"),  # noqa: SLF001 - a statement
        (sqlite._SET_COUNTERS, "INSERT task_lists"),  # noqa: SLF001 - a statement
        ("BEGIN IMMEDIATE", "BEGIN"),
        ("COMMIT", "COMMIT"),
    ],
)
def test_a_statement_is_named_by_what_it_writes_else_by_what_it_reads(statement: str, summary: str) -> None:
    assert summary_of(statement) == summary


def test_several_statements_in_one_round_trip_are_one_span(tracer: Tracer, exporter: InMemorySpanExporter) -> None:
    observe = Calls(tracer).statements_of("postgresql")

    with tracer.start_as_current_span("request"), observe(["BEGIN", "INSERT INTO a", "INSERT INTO a", "COMMIT"]):
        pass

    batch, _ = exporter.get_finished_spans()
    assert batch.name == "BEGIN INSERT a COMMIT"
    assert batch.attributes == {
        "db.system.name": "postgresql",
        "db.query.summary": "BEGIN INSERT a COMMIT",
        "db.query.text": "BEGIN; INSERT INTO a; COMMIT",
        "db.operation.batch.size": 4,
    }


@pytest.mark.parametrize(
    ("place", "attributes"),
    [
        ("", {}),
        ("postgresql://db.example/todo", {"db.namespace": "todo", "server.address": "db.example", "server.port": 5432}),
        ("postgresql://[::1]:6432/todo", {"db.namespace": "todo", "server.address": "::1", "server.port": 6432}),
        ("postgresql://a:1,b:2/todo", {"db.namespace": "todo"}),
        ("postgresql:///run/postgresql/todo", {"db.namespace": "todo"}),
    ],
)
def test_a_statement_has_the_place_of_its_database(
    tracer: Tracer, exporter: InMemorySpanExporter, place: str, attributes: dict[str, str | int]
) -> None:
    observe = Calls(tracer).statements_of("postgresql", place)

    with tracer.start_as_current_span("request"), observe(["COMMIT"]):
        pass

    statement = exporter.get_finished_spans()[0].attributes or {}
    assert {name: value for name, value in statement.items() if name not in CONSTANT} == attributes


def test_a_statement_without_a_request_or_after_it_has_no_span(tracer: Tracer, exporter: InMemorySpanExporter) -> None:
    observe = Calls(tracer).statements_of("sqlite")

    with observe(["SELECT 1"]):
        pass
    with tracer.start_as_current_span("request") as request:
        request.end()
        with observe(["SELECT 1"]):
            pass

    assert [span.name for span in exporter.get_finished_spans()] == ["request"]


@pytest.mark.parametrize(
    ("error", "attributes"),
    [
        (Refused("s3cret"), {"error.type": "23505", "db.response.status_code": "23505"}),
        (TimeoutError("s3cret"), {"error.type": "TimeoutError"}),
    ],
)
def test_a_failed_statement_has_its_code_but_not_its_message(
    tracer: Tracer, exporter: InMemorySpanExporter, error: Exception, attributes: dict[str, str]
) -> None:
    observe = Calls(tracer).statements_of("postgresql")

    with tracer.start_as_current_span("request"), pytest.raises(type(error)), observe(["SELECT 1"]):
        raise error

    failed, _ = exporter.get_finished_spans()
    assert not failed.status.is_ok
    assert failed.attributes is not None
    assert failed.attributes.items() >= attributes.items()
    assert "s3cret" not in failed.to_json()


def test_a_fetch_that_fails_has_the_status_of_its_response(tracer: Tracer, exporter: InMemorySpanExporter) -> None:
    def fetch() -> None:
        with Calls(tracer).fetch("https://auth.example/jwks") as report_status:
            report_status(503)
            raise ValueError("s3cret")

    with pytest.raises(ValueError, match="s3cret"):
        fetch()

    (failed,) = exporter.get_finished_spans()
    assert not failed.status.is_ok
    assert failed.attributes == {
        "error.type": "ValueError",
        "http.request.method": "GET",
        "http.response.status_code": 503,
        "server.address": "auth.example",
        "server.port": 443,
        "url.full": "https://auth.example/jwks",
    }
    assert "s3cret" not in failed.to_json()
