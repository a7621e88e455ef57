"""Every metric that the server exposes: its name, kind, labels and meaning."""

from typing import Final, NamedTuple


class Metric(NamedTuple):
    """A metric. For a gauge, the kind says how those of several workers become one, as prometheus-client names it."""

    name: str
    kind: str
    labels: tuple[str, ...]
    help: str


COUNTER: Final = "counter"
HISTOGRAM: Final = "histogram"
_SUM: Final = "gauge_livesum"
_MAX: Final = "gauge_livemax"
_MIN: Final = "gauge_livemin"
_MAX_OF_ALL: Final = "gauge_max"  # also of workers that are dead

_METRICS: Final = (
    Metric(
        "todo_http_requests_total",
        COUNTER,
        ("route", "method", "status"),
        "Requests that the app has responded to. The route is empty for an unknown path; status 0 means no response.",
    ),
    Metric(
        "todo_http_request_duration_seconds",
        HISTOGRAM,
        ("route", "method"),
        "Time from the head of a request to the end of its response; of a stream, to its end.",
    ),
    Metric("todo_http_requests_in_progress", _SUM, (), "Requests in progress, streams included."),
    Metric(
        "todo_http_requests_shed_total",
        COUNTER,
        (),
        "Requests refused with 503 OVERLOADED, because the database can't serve them in time.",
    ),
    Metric(
        "todo_http_requests_limited_total",
        COUNTER,
        (),
        "Requests refused with 429 RATE_LIMITED, because their user exceeds a bound.",
    ),
    Metric("todo_connections", _SUM, (), "Open client connections."),
    Metric(
        "todo_connections_ended_total",
        COUNTER,
        ("reason",),
        "Client connections that the server ended, by reason, as in the log line `connections ended`.",
    ),
    Metric("todo_streams", _SUM, (), "Readers of the live feed that are connected."),
    Metric(
        "todo_feed_lag_seconds",
        _MAX,
        (),
        "Time since the live feed last looked for changes that other processes have made; usually below 0.5 s.",
    ),
    Metric(
        "todo_database_errors_total",
        COUNTER,
        ("kind",),
        "Requests that failed with 500 DATABASE_ERROR, by the error of the driver and its SQLSTATE.",
    ),
    Metric("todo_tokens_verified_total", COUNTER, (), "Requests whose token was accepted."),
    Metric(
        "todo_tokens_refused_total", COUNTER, ("reason",), "Requests refused with 401, by the reason that the log has."
    ),
    Metric(
        "todo_keys_age_seconds",
        _MIN,
        (),
        "Time since a worker last fetched the published signing keys, which it does when it needs them.",
    ),
    Metric(
        "todo_pool_connections",
        _SUM,
        ("state",),
        "Connections to PostgreSQL: `used` (also those being opened or closed) and `idle`.",
    ),
    Metric("todo_pool_connections_max", _SUM, (), "How many connections to PostgreSQL may be open."),
    Metric(
        "todo_queue_waiting",
        _SUM,
        ("queue",),
        "Calls that wait: for a `connection` to PostgreSQL, for SQLite's `writer`, or for a `reader` thread of SQLite.",
    ),
    Metric("todo_queue_waits_total", COUNTER, ("queue",), "Calls that have waited."),
    Metric("todo_queue_wait_seconds_total", COUNTER, ("queue",), "Time that calls have waited, in all."),
    Metric("todo_sqlite_commits_total", COUNTER, (), "Groups of writes that SQLite has committed."),
    Metric("todo_sqlite_writes_total", COUNTER, (), "Writes in these groups; divided by the groups, their mean size."),
    Metric("todo_sqlite_wal_bytes", _SUM, (), "Size of SQLite's write-ahead log."),
    Metric(
        "todo_purge_last_success_timestamp_seconds",
        _MAX_OF_ALL,
        (),
        "When a worker last purged all that had expired, in seconds since 1970.",
    ),
)
METRICS: Final = {metric.name: metric for metric in _METRICS}
