"""`/metrics`: what it exposes, for one worker and for several."""

import asyncio
import logging
import os
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from dependency_injector import providers
from uvicorn.server import ServerState

from tests.integration.api.asgi import app_in_memory, send_request
from tests.integration.server import IMPATIENT, running_server, settings_for
from tests.scrapes import Values, scraped, value
from tests.tokens import SECRET
from todo_adapters.jwt.shared_secret import SharedSecretTokenVerifier
from todo_adapters.system_clock import SystemClock
from todo_api.container import Container
from todo_api.server.connections import Connections
from todo_api.server.metrics.definitions import METRICS
from todo_api.server.metrics.export import Exporter
from todo_api.server.metrics.files import MetricFiles
from todo_api.server.metrics.histogram import Histogram
from todo_api.server.metrics.listener import served_metrics
from todo_api.server.metrics.samples import samples

DURATION = "todo_http_request_duration_seconds"
OF_POSTGRES = {"todo_pool_connections", "todo_pool_connections_max"}  # test_serve.py has these
TASKS = "/api/{user_id}/tasks"


@contextmanager
def served(pids: Callable[[], Mapping[int, int | None]] = dict) -> Iterator[tuple[str, Path]]:
    """Serve metrics, and yield their URL and the directory of the values."""
    with socket.create_server(("127.0.0.1", 0)) as listener, served_metrics(listener, pids) as directory:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/metrics", directory


def names_of(values: Values) -> set[str]:
    """Return the names of the metrics; the parts of a histogram have one."""
    return {name.removesuffix("_bucket").removesuffix("_sum").removesuffix("_count") for name, _ in values}


class WithKeys(SharedSecretTokenVerifier):
    """A verifier that reports the age of its keys, as the one for published keys does."""

    def figures(self) -> Mapping[tuple[str, str], float]:
        return {("keys_age_seconds", ""): 7.0}


def test_every_metric_is_exposed_and_no_other(tmp_path: Path) -> None:
    database = tmp_path / "tasks.sqlite3"
    settings = settings_for(database, metrics_port=0)
    verifier = WithKeys([SECRET], SystemClock())
    with served() as (url, directory):
        container = Container(settings=settings, token_verifier=providers.Object(verifier))
        with running_server(container, IMPATIENT, exporter=Exporter(directory, 0)) as server:
            with server.client("alice") as client:
                client.post("/tasks", json={"title": "Buy milk"}).raise_for_status()
                assert client.get("/tasks", headers={"Authorization": "none"}).status_code == 401
                while container.counts().purged_at is None:
                    time.sleep(0.01)
                database.unlink()
                assert client.post("/tasks", json={"title": "Buy milk"}).status_code == 500
            with socket.create_connection(("127.0.0.1", httpx.URL(server.url).port or 0)) as slow:
                slow.sendall(b"GET")
                assert slow.recv(100)

        values = scraped(url)

    assert {name for name in names_of(values) if not name.startswith("process_")} == set(METRICS) - OF_POSTGRES
    assert value(values, "todo_http_requests_total", route=TASKS, method="POST", status="201") == 1
    assert value(values, f"{DURATION}_count", route=TASKS, method="POST") == 2
    assert value(values, "todo_tokens_refused_total", reason="no bearer token") == 1
    assert value(values, "todo_tokens_verified_total") == 2
    assert value(values, "todo_database_errors_total", kind="none") == 1
    assert value(values, "todo_connections_ended_total", reason="head") == 1
    assert value(values, "todo_keys_age_seconds") == 7
    assert "alice" not in repr(values)


def test_the_values_of_workers_are_added_and_those_of_a_dead_worker_stay_without_its_gauges() -> None:
    processes: dict[int, int | None] = {0: os.getpid(), 1: os.getpid()}
    one_request = Histogram()
    one_request.observe(0.002)

    def write(worker: int, count: int, age: float) -> None:
        files = MetricFiles(directory, worker)
        files.write(
            [
                ("todo_http_requests_shed_total", (), count),
                ("todo_tokens_refused_total", ("the token has expired",), count),
                ("todo_streams", (), count),
                ("todo_feed_lag_seconds", (), age),
                ("todo_purge_last_success_timestamp_seconds", (), age),
                (DURATION, ("/health", "GET"), one_request),
            ]
        )
        files.close()

    with served(lambda: processes) as (url, directory):
        write(0, 3, 0.5)
        write(1, 4, 0.75)
        both = scraped(url)
        processes[1] = None
        one = scraped(url)
        write(1, 5, 0.25)  # as the worker in its place
        processes[1] = os.getpid()
        replaced = scraped(url)

    def found(values: Values) -> list[float]:
        health = {"route": "/health", "method": "GET"}
        return [
            value(values, "todo_http_requests_shed_total"),
            value(values, "todo_tokens_refused_total", reason="the token has expired"),
            value(values, "todo_streams"),
            value(values, "todo_feed_lag_seconds"),
            value(values, "todo_purge_last_success_timestamp_seconds"),
            value(values, f"{DURATION}_bucket", **health, le="0.0025"),
            value(values, f"{DURATION}_count", **health),
        ]

    assert found(both) == [7, 7, 7, 0.75, 0.75, 2, 2]
    assert found(one) == [7, 7, 3, 0.5, 0.75, 2, 2]
    assert found(replaced) == [12, 12, 8, 0.5, 0.5, 3, 3]


def test_a_refusal_that_the_server_repeats_counts_as_limited() -> None:
    async def limited() -> object:
        container = app_in_memory().container
        connections = Connections(IMPATIENT)
        container.counts().limited = 2
        connections.tally.count("refused again")
        values = {name: value for name, _, value in samples(container, ServerState(), connections)}
        connections.close()
        return values["todo_http_requests_limited_total"]

    assert asyncio.run(limited()) == 3


def test_each_process_has_its_figures() -> None:
    with served(lambda: {0: os.getppid(), 1: None}) as (url, _):
        values = scraped(url)

    for process in ("parent", "worker-0"):
        assert value(values, "process_resident_memory_bytes", process=process) > 0
    assert len(values) == 12


def test_one_process_that_serves_by_itself_is_listed_once() -> None:
    with served(lambda: {0: os.getpid()}) as (url, _):
        assert {labels for _, labels in scraped(url)} == {frozenset({("process", "worker-0")})}


def test_only_the_path_metrics_is_served() -> None:
    with served() as (url, _), pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(url.replace("/metrics", "/"))


def test_a_scrape_that_fails_is_logged_and_does_not_stop_the_listener(caplog: pytest.LogCaptureFixture) -> None:
    pids = iter([ZeroDivisionError()])

    def fail_once() -> Mapping[int, int | None]:
        if error := next(pids, None):
            raise error
        return {}

    with served(fail_once) as (url, _):
        with pytest.raises(ConnectionError):
            scraped(url)
        assert scraped(url)

    assert [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING] == [
        "the metrics were not sent"
    ]


def test_metrics_are_off_by_default_and_never_on_the_public_listener() -> None:
    settings = settings_for("never-opened.sqlite3")

    assert (settings.metrics_port, settings.metrics_host) == (None, "127.0.0.1")
    assert send_request(app_in_memory(metrics_port=9464), "GET", "/metrics", None).status_code == 404


@pytest.mark.parametrize(("port", "counted"), [(None, 0), (9464, 1)])
def test_requests_are_counted_only_if_there_are_metrics(port: int | None, counted: int) -> None:
    app = app_in_memory(metrics_port=port)

    send_request(app, "GET", "/health")

    assert len(app.container.counts().requests) == counted
