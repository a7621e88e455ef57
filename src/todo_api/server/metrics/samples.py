"""The current values of the metrics of one process."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final, Protocol, runtime_checkable

from uvicorn.server import ServerState

from todo_api.container import Container
from todo_api.server.connections import Connections
from todo_api.server.metrics.counts import Counts
from todo_api.server.metrics.definitions import METRICS
from todo_api.server.metrics.histogram import Histogram

Sample = tuple[str, tuple[str, ...], float | Histogram]
"""The name of a metric, the values of its labels, and its value."""
_NAMES: Final = {name.removeprefix("todo_").removesuffix("_total"): name for name in METRICS}


@runtime_checkable
class HasFigures(Protocol):
    """An adapter that reports figures. It need not: metrics without a figure are absent."""

    def figures(self) -> Mapping[tuple[str, str], float]:
        """Return figures by the name of a metric, without `todo_` and `_total`, and the value of its label."""
        ...


def samples(container: Container, server_state: ServerState, connections: Connections) -> Iterator[Sample]:
    """Yield the values of one process: of its app, its adapters and its connections."""
    ended = connections.tally.totals
    yield "todo_http_requests_in_progress", (), len(server_state.tasks)
    yield "todo_connections", (), len(server_state.connections)
    yield from (("todo_connections_ended_total", (reason,), count) for reason, count in ended.items())
    yield "todo_streams", (), container.live_feed().readers()
    yield "todo_feed_lag_seconds", (), container.live_feed().lag_seconds()
    yield from _counted(container.counts(), ended["refused again"])
    for adapter in (container.task_repository(), container.token_verifier()):
        if isinstance(adapter, HasFigures):
            for (name, part), value in adapter.figures().items():
                yield _NAMES[name], (part,) if part else (), value


def _counted(counts: Counts, refused_again: int) -> Iterator[Sample]:
    yield "todo_http_requests_shed_total", (), counts.shed
    yield "todo_http_requests_limited_total", (), counts.limited + refused_again
    yield "todo_tokens_verified_total", (), counts.tokens_verified
    if counts.purged_at:
        yield "todo_purge_last_success_timestamp_seconds", (), counts.purged_at
    durations: defaultdict[tuple[str, str], Histogram] = defaultdict(Histogram)
    for (route, method, status), histogram in counts.requests.items():
        yield "todo_http_requests_total", (route or "", method, str(status)), sum(histogram.buckets)
        durations[route or "", method].add(histogram)
    for labels, histogram in durations.items():
        yield "todo_http_request_duration_seconds", labels, histogram
    for reason, count in counts.tokens_refused.items():
        yield "todo_tokens_refused_total", (reason,), count
    for kind, count in counts.database_errors.items():
        yield "todo_database_errors_total", (kind,), count
