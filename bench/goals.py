"""The goals, and whether the figures of one run of the benchmark reach them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

Results = Mapping[str, Any]
Ratio = tuple[float, str]

_MANY = 32
_ALL = ("get", "list", "post", "patch")
_GROWN = (10_000, 5_000_000)
DELAY_MS = 5.0
_ROUND_TRIP_SHARE = 1.15
_ROUND_TRIP_REST_MS = 1.0


@dataclass(frozen=True)
class Goal:
    """One line of the table; `met` is None without a measurement or without a goal."""

    name: str
    goal: str
    reached: str
    met: bool | None


def medians(records: Sequence[Mapping[str, Any]], field: str, **about: object) -> float | None:
    """Return the median of a field over the records with these values, or None if there are none."""
    values = [record[field] for record in _about(records, about)]
    return median(values) if values else None


def _about(records: Sequence[Mapping[str, Any]], about: Mapping[str, object]) -> list[Mapping[str, Any]]:
    return [record for record in records if all(record[name] == value for name, value in about.items())]


def compare_with_goals(results: Results) -> list[Goal]:
    """Compare the figures with every goal."""
    return [
        _ratio("throughput of ours / floor, 32 connections", results, ("ours", "floor"), _ALL, at_least=0.75),
        _ratio("CPU per request of ours / floor", results, ("ours", "floor"), _ALL, field="cpu", at_most=1.45),
        _ratio("throughput of ours / pocketbase", results, ("ours", "pocketbase"), _ALL, at_least=3),
        _ratio("throughput of ours-sqlite / pocketbase", results, ("ours-sqlite", "pocketbase"), _ALL, at_least=3),
        _ratio("throughput of ours / tutorial", results, ("ours", "tutorial"), _ALL, at_least=8),
        _ratio(
            "throughput of ours / fastify, list and POST", results, ("ours", "fastify"), ("list", "post"), at_least=0.8
        ),
        _latency("p95 of ours / floor, 32 connections", results),
        _ratio("POST on SQLite / on PostgreSQL", results, ("ours-sqlite", "ours"), ("post",), at_least=1),
        _growth(results),
        _delay(results),
        _workers(results),
        _startup(results),
    ]


def _ratio(  # noqa: PLR0913 - the parameters of a goal
    name: str,
    results: Results,
    servers: tuple[str, str],
    operations: Sequence[str],
    *,
    field: str = "throughput",
    at_least: float | None = None,
    at_most: float | None = None,
) -> Goal:
    """Compare the worst of all operations and tokens with the goal."""
    ratios = list(_ratios(results, servers, operations, field))
    if at_most is not None:
        return _at_most(name, at_most, max(ratios, default=None))
    assert at_least is not None
    return _at_least(name, at_least, min(ratios, default=None))


def _ratios(results: Results, servers: tuple[str, str], operations: Sequence[str], field: str) -> Iterator[Ratio]:
    records = results.get("load", [])
    for token in sorted({record["token"] for record in records}):
        for operation in operations:
            about = {"token": token, "operation": operation, "connections": _MANY}
            ours, theirs = (about | {"server": server} for server in servers)
            if ratio := _ratio_of(records, field, ours, theirs, f"{operation}, {token}"):
                yield ratio


def _ratio_of(
    records: Sequence[Mapping[str, Any]],
    field: str,
    these: Mapping[str, object],
    those: Mapping[str, object],
    where: str,
) -> Ratio | None:
    """Return the median of the ratios of each run, or None if there are none.

    The servers take turns, so disturbances of the machine in a run affect both.
    """
    upper, lower = ({record["run"]: record[field] for record in _about(records, about)} for about in (these, those))
    runs = [run for run in upper if lower.get(run)]
    return (median(upper[run] / lower[run] for run in runs), where) if runs else None


def _latency(name: str, results: Results) -> Goal:
    """Report the ratio of each operation; an absolute limit would measure the machine's disk."""
    ratios = sorted(_ratios(results, ("ours", "floor"), _ALL, "p95"), reverse=True)
    return Goal(name, "–", "; ".join(f"{ratio:.2f} ({where})" for ratio, where in ratios) or "not measured", None)


def _growth(results: Results) -> Goal:
    small, large = ({"server": "ours", "rows": rows} for rows in _GROWN)
    ratio = _ratio_of(results.get("growth", []), "p50", large, small, "p50")
    return _at_most("list of 20 in 5 million rows / in 10 thousand", 1.2, ratio)


def _delay(results: Results) -> Goal:
    name = "median with 5 ms each way to the database: reads and POST"
    seen = [
        (p50, operation)
        for operation in ("get", "list", "post")
        if (p50 := medians(results.get("delay", []), "p50", server="ours", operation=operation)) is not None
    ]
    round_trip_ms = results.get("round_trip_ms", 2 * DELAY_MS)
    most = round(_ROUND_TRIP_SHARE * round_trip_ms + _ROUND_TRIP_REST_MS, 1)
    return _at_most(name, most, max(seen, default=None), " ms")


def _workers(results: Results) -> Goal:
    one, two = ({"workers": count} for count in (1, 2))
    ratio = _ratio_of(results.get("workers", []), "throughput", two, one, "refused POST")
    return _at_least("two workers / one worker, server-bound load", 1.6, ratio)


def _startup(results: Results) -> Goal:
    seconds = medians(results.get("startup", []), "seconds")
    reached = None if seconds is None else (seconds, "median")
    return _at_most("start of todo-api serve to first response on SQLite", 1, reached, " s")


def _at_least(name: str, goal: float, reached: Ratio | None, unit: str = "") -> Goal:
    return _goal(name, f"≥ {goal:g}{unit}", reached, unit, lambda value: value >= goal)


def _at_most(name: str, goal: float, reached: Ratio | None, unit: str = "") -> Goal:
    return _goal(name, f"≤ {goal:g}{unit}", reached, unit, lambda value: value <= goal)


def _goal(name: str, goal: str, reached: Ratio | None, unit: str, is_met: Callable[[float], bool]) -> Goal:
    if reached is None:
        return Goal(name, goal, "not measured", None)
    value, where = reached
    return Goal(name, goal, f"{value:.2f}{unit} ({where})", is_met(value))
