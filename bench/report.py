"""The report of a run: results.json with every record, table.md with the medians, and the plots."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench import plots
from bench.goals import Goal, Results, compare_with_goals, medians

_MANY = 32
_STATES = {True: "met", False: "**not met**", None: "–"}


def write(results: Results, directory: Path, published: Path | None = None) -> list[Goal]:
    """Write the records, the table and the plots; return the state of each goal.

    The table and the plots are also written to `published`. The records are not: they belong to one run on one
    machine, and a repository keeps every version of them.
    """
    goals = compare_with_goals(results)
    directory.mkdir(parents=True, exist_ok=True)
    kept = {**results, "goals": [asdict(goal) for goal in goals]}
    (directory / "results.json").write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    text = "\n\n".join(_sections(results, goals)) + "\n"
    plots_by_name = dict(_plots(results))
    for folder in filter(None, (directory, published)):
        (folder / "table.md").write_text(text)
        for name, plot in plots_by_name.items():
            (folder / f"{name}.svg").write_text(plot)
    return goals


def _sections(results: Results, goals: Sequence[Goal]) -> Iterator[str]:
    machine = results["machine"]
    yield "# Figures"
    yield (
        f"Medians of {results['runs']} runs of {results['seconds']:g} s, the servers in turn, one worker each. "
        "A ratio is the median of the ratios of each run."
    )
    yield table(["", ""], [[name, value] for name, value in machine.items()])
    if results["missing"]:
        yield "Not measured: " + "; ".join(results["missing"]) + "."
    yield "## Goals"
    yield table(
        ["", "goal", "reached", ""], [[goal.name, goal.goal, goal.reached, _STATES[goal.met]] for goal in goals]
    )
    yield from _load_sections(results)
    yield from _wire_section(results)
    yield from _growth_section(results)
    yield from _delay_section(results)
    if results.get("memory"):
        rows = [[record["server"], record["token"], f"{record['mib']:.0f} MiB"] for record in results["memory"]]
        yield "## Memory after the load"
        yield table(["server", "tokens", "resident"], rows)


def _load_sections(results: Results) -> Iterator[str]:
    records = results.get("load", [])
    operations = _values(records, "operation")
    for token in _values(records, "token"):
        for connections in _values(records, "connections"):
            about = {"token": token, "connections": connections}
            yield f"## {token} tokens, {connections} connection{'s' if connections > 1 else ''}"
            yield "Requests a second · CPU of the server a request · p50 / p95 / p99 of the latency"
            servers = _values([record for record in records if record["token"] == token], "server")
            rows = [
                [server, *(_load_cell(records, server=server, operation=name, **about) for name in operations)]
                for server in servers
            ]
            yield table(["server", *operations], rows)
    if records:
        busiest = max(record["driver_busy"] for record in records)
        yield f"The driver was busy for at most {busiest:.0%} of its time."


def _load_cell(records: Sequence[Mapping[str, Any]], **about: object) -> str:
    throughput, cpu, p50, p95, p99 = (
        medians(records, field, **about) or 0.0 for field in ("throughput", "cpu", "p50", "p95", "p99")
    )
    return f"{throughput:,.0f} /s · {cpu:,.0f} µs · {p50:.1f} / {p95:.1f} / {p99:.1f} ms"


def _wire_section(results: Results) -> Iterator[str]:
    records = results.get("wire", [])
    if records:
        operations = _values(records, "operation")
        yield "## Statements / round trips a request"
        counts = {
            (record["server"], record["operation"]): f"{record['statements']:g} / {record['round_trips']:g}"
            for record in records
        }
        servers = _values(records, "server")
        yield table(
            ["server", *operations],
            [[server, *(counts[server, operation] for operation in operations)] for server in servers],
        )


def _growth_section(results: Results) -> Iterator[str]:
    records = results.get("growth", [])
    if records:
        sizes = _values(records, "rows")
        yield "## List of 20 as the table grows: p50"
        yield table(
            ["server", *(f"{rows:,} rows" for rows in sizes)],
            [
                [server, *(f"{medians(records, 'p50', server=server, rows=rows):.2f} ms" for rows in sizes)]
                for server in _values(records, "server")
            ],
        )


def _delay_section(results: Results) -> Iterator[str]:
    records = results.get("delay", [])
    if records:
        operations = _values(records, "operation")
        yield f"## With 5 ms each way to the database: p50 (a round trip takes {results['round_trip_ms']:.1f} ms)"
        yield table(
            ["server", *operations],
            [
                [server, *(f"{medians(records, 'p50', server=server, operation=name):.1f} ms" for name in operations)]
                for server in _values(records, "server")
            ],
        )


def _plots(results: Results) -> Iterator[tuple[str, str]]:
    machine = results["machine"]
    note = f"{machine['processor']}, {machine['cores']} cores, {machine['date']}, medians of {results['runs']} runs"
    records = results.get("load", [])
    for token in _values(records, "token")[:1]:
        for name, title, fields in (
            ("throughput", "Requests a second: more is better", ["throughput"]),
            ("cpu", "CPU of the server in µs a request: less is better", ["cpu"]),
            ("latency", "Latency in ms, p50, p95 and p99: less is better", ["p50", "p95", "p99"]),
        ):
            heading = f"{title} ({_MANY} connections, one worker, {token})"
            about = {"token": token, "connections": _MANY}
            yield name, plots.bars(heading, note, _groups(records, "operation", fields, **about))
    growth = results.get("growth", [])
    if growth:
        groups = {f"{int(rows):,} rows": group for rows, group in _groups(growth, "rows", ["p50"]).items()}
        yield "growth", plots.bars("List of 20 as the table grows, p50 in ms: less is better", note, groups)


def _groups(
    records: Sequence[Mapping[str, Any]], by: str, fields: Sequence[str], **about: object
) -> dict[str, dict[str, list[float]]]:
    return {
        str(group): {
            server: [medians(records, field, server=server, **{by: group}, **about) or 0.0 for field in fields]
            for server in _values(records, "server")
        }
        for group in _values(records, by)
    }


def _values(records: Sequence[Mapping[str, Any]], field: str) -> list[Any]:
    """Return the values of a field in the order in which they were measured."""
    return list(dict.fromkeys(record[field] for record in records))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
