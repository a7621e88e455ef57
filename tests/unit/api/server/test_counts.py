"""What a process counts for the metrics."""

from typing import Any

from todo_api.http.problems import AUTH_INVALID, AUTH_MISSING, DATABASE_ERROR, NOT_FOUND, OVERLOADED, RATE_LIMITED
from todo_api.server.connections import Tally
from todo_api.server.metrics.counts import MAX_TEXTS, OTHER, Counts
from todo_api.server.metrics.histogram import BOUNDS, Histogram


def fields(**others: Any) -> dict[str, Any]:
    """Return the fields of a line of the request log."""
    absent = dict.fromkeys(("route", "user_id", "error_code", "reason"))
    return {"method": "GET", "status": 200, "duration_ms": 2.0, **absent, **others}


def counted(*requests: dict[str, Any]) -> Counts:
    counts = Counts()
    for request in requests:
        counts.count_request(request)
    return counts


def test_a_time_is_in_the_first_bucket_whose_bound_it_does_not_exceed() -> None:
    histogram = Histogram()

    for seconds in (0.0, BOUNDS[0], BOUNDS[0] + 1e-9, BOUNDS[-1], BOUNDS[-1] + 1):
        histogram.observe(seconds)

    assert histogram.buckets == [2, 1, *[0] * (len(BOUNDS) - 3), 1, 1]
    assert histogram.sum == 2 * BOUNDS[0] + 1e-9 + 2 * BOUNDS[-1] + 1


def test_the_sum_of_histograms_has_the_times_of_both() -> None:
    one, other = Histogram(), Histogram()
    one.observe(0.25)
    other.observe(0.25)
    other.observe(60)

    one.add(other)

    assert (sum(one.buckets), one.buckets[-1], one.sum) == (3, 1, 60.5)


def test_requests_are_counted_by_route_method_and_status() -> None:
    counts = counted(fields(route="/health"), fields(route="/health"), fields(status=404))

    found = {key: sum(durations.buckets) for key, durations in counts.requests.items()}
    assert found == {("/health", "GET", 200): 2, (None, "GET", 404): 1}
    assert counts.requests["/health", "GET", 200].sum == 0.004


def test_all_unknown_methods_count_as_one() -> None:
    counts = counted(*(fields(method=method, status=405) for method in ("PROPFIND", "LINK", "PURGE")))

    assert list(counts.requests) == [(None, OTHER, 405)]


def test_shed_and_limited_requests_are_counted_apart_from_other_errors() -> None:
    codes = [OVERLOADED, RATE_LIMITED, RATE_LIMITED, NOT_FOUND]

    counts = counted(*(fields(error_code=code.error_code) for code in codes))

    assert (counts.shed, counts.limited) == (1, 2)
    assert not counts.database_errors
    assert not counts.tokens_refused


def test_tokens_are_counted_as_verified_or_by_the_reason_of_the_refusal() -> None:
    counts = counted(
        fields(user_id="alice"),
        fields(user_id="bob", status=403),
        fields(error_code=AUTH_MISSING.error_code),
        fields(error_code=AUTH_INVALID.error_code, reason="the token has expired"),
    )

    assert counts.tokens_verified == 2
    assert counts.tokens_refused == {"no bearer token": 1, "the token has expired": 1}


def test_database_errors_are_counted_by_the_cause_that_the_log_has() -> None:
    code = DATABASE_ERROR.error_code

    counts = counted(fields(error_code=code, reason="DiskFull 53100"), fields(error_code=code))

    assert counts.database_errors == {"DiskFull 53100": 1, "none": 1}


def test_the_number_of_different_reasons_is_bounded() -> None:
    refused = (fields(error_code=AUTH_INVALID.error_code, reason=f"{number}") for number in range(MAX_TEXTS + 5))

    counts = counted(*refused, fields(error_code=AUTH_INVALID.error_code, reason="0"))

    assert len(counts.tokens_refused) == MAX_TEXTS + 1
    assert (counts.tokens_refused["0"], counts.tokens_refused[OTHER]) == (2, 5)


def test_no_count_contains_a_user() -> None:
    counts = counted(fields(user_id="alice", error_code=DATABASE_ERROR.error_code, route="/api/{user_id}/tasks"))

    assert "alice" not in repr(vars(counts))


def test_the_totals_of_ended_connections_are_kept_when_they_are_logged() -> None:
    tally = Tally()
    tally.count("head")

    tally.log()
    tally.count("head")

    assert tally.totals == {"head": 2}
