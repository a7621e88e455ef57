"""`python -m bench`: measure, and write the records, a table and plots to bench/results."""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from bench import database, machine, measures, report
from bench.contenders import CONTENDERS, OTHER_CORES, ROOT, install_fastify, on_cores
from bench.plan import Plan
from bench.workload import OPERATIONS

PARTS = {
    part.__name__: part
    for part in (measures.load, measures.wire, measures.growth, measures.delay, measures.workers, measures.startup)
}
TOKENS = ("HS256", "EdDSA")
PUBLISHED = ROOT / "docs" / "benchmark"
FULL = Plan(
    parts=list(PARTS),
    servers=list(CONTENDERS),
    operations=list(OPERATIONS),
    tokens=TOKENS,
    connections=(1, 32),
    runs=5,
    seconds=2.0,
    warmup_seconds=0.5,
    growth_rows=(10_000, 1_000_000, 5_000_000),
    tasks_each=100,
)
QUICK = replace(FULL, tokens=["HS256"], runs=3, seconds=1.0, warmup_seconds=0.3, growth_rows=(10_000, 1_000_000))
SMOKE = replace(
    QUICK,
    operations=["post"],
    connections=(32,),
    runs=1,
    seconds=0.2,
    warmup_seconds=0.0,
    growth_rows=(500, 1_000),
    tasks_each=5,
    durable=False,
)


def main() -> None:
    """Measure this server, a hand-written minimal server (the floor) and common alternatives on this machine."""
    options = _options().parse_args()
    plan = SMOKE if options.smoke else QUICK if options.quick else FULL
    plan = replace(plan, **{name: value for name, value in vars(options).items() if value and hasattr(plan, name)})
    missing = []
    if "fastify" in plan.servers and not install_fastify():
        plan = replace(plan, servers=[name for name in plan.servers if name != "fastify"])
        missing.append("fastify, since there is no Node with npm here")
    console = Console(stderr=True)
    with on_cores(OTHER_CORES), _progress(console) as progress:
        task = progress.add_task("start", total=plan.steps())

        def advance(what: str) -> None:
            progress.update(task, description=what, advance=1)

        about = {"machine": machine.describe(), "runs": plan.runs, "seconds": plan.seconds, "missing": missing}
        for results in _measured(plan, advance):
            goals = report.write(about | results, options.output, PUBLISHED if options.publish else None)
    for goal in goals:
        console.print(f"{goal.name}: {goal.reached}, goal {goal.goal}", style="red" if goal.met is False else None)
    console.print(f"Written to {options.output}")


def _measured(plan: Plan, advance: Callable[[str], None]) -> Iterator[dict[str, Any]]:
    """Yield all results so far after each part."""
    results: dict[str, Any] = {}
    with database.store(plan.tasks_each, durable=plan.durable) as store:
        for part in plan.parts:
            results |= PARTS[part](plan, store, advance)
            yield results


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="python -m bench", description=main.__doc__)
    for name, choices in (("servers", CONTENDERS), ("operations", OPERATIONS), ("tokens", TOKENS), ("parts", PARTS)):
        options.add_argument(f"--{name}", nargs="+", choices=list(choices), metavar="NAME", help=", ".join(choices))
    options.add_argument("--connections", nargs="+", type=int, metavar="NUMBER", help="connections at once")
    options.add_argument("--runs", type=int, help="how many runs the medians are taken of")
    options.add_argument("--seconds", type=float, help="how long a run takes")
    options.add_argument("--quick", action="store_true", help="fewer and shorter runs: minutes, not most of an hour")
    options.add_argument("--smoke", action="store_true", help="one short run, only to see that all works")
    options.add_argument("--output", type=Path, default=ROOT / "bench" / "results", help="where to write to")
    options.add_argument("--publish", action="store_true", help="write the table and the plots to docs/benchmark too")
    return options


def _progress(console: Console) -> Progress:
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    return Progress(*columns, TextColumn("{task.description}"), console=console)


if __name__ == "__main__":
    main()
