"""The measurements: each gives plain records, one for every run."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import asdict, replace
from random import Random
from statistics import median
from typing import Any

import psutil
import psycopg

from bench import database
from bench.agreement import require_agreement
from bench.contenders import ALL_CORES, CONTENDERS, Server, on_cores, running
from bench.database import Store
from bench.driver import Job, Load, drive
from bench.goals import DELAY_MS
from bench.plan import Plan
from bench.tokens import Issuer, issuer
from bench.wire import proxied
from bench.workload import OPERATIONS, USERS, Operation, Workload, users

Record = dict[str, Any]

_COUNTED_REQUESTS = 50
_SERVER_BOUND = Operation("refused POST", 422, Workload.refused_posts)


Advance = Callable[[str], None]


def load(plan: Plan, store: Store, advance: Advance) -> dict[str, list[Record]]:
    """Drive every server with every operation; the servers take turns, run by run, in another order each time.

    Each has a database of its own, so that none works on what another has left behind.
    """
    records, memory = [], []
    with ExitStack() as stack:
        urls = {name: stack.enter_context(_database(store, name)) for name in plan.servers}
        for kind in plan.tokens:
            with _contest(plan, kind, urls) as (workload, servers):
                for run in range(plan.runs):
                    for operation, connections, server in _turns(plan, servers, run):
                        advance(f"{kind} {operation.name}, {connections} connections: {server.name}")
                        seen = _drive(plan, server, workload, operation, connections)
                        about = {"token": kind, "operation": operation.name, "connections": connections, "run": run}
                        records.append({"server": server.name, **about, **asdict(seen)})
                memory += [{"server": server.name, "token": kind, "mib": _memory(server)} for server in servers]
    return {"load": records, "memory": memory}


@contextmanager
def _contest(plan: Plan, kind: str, urls: Mapping[str, str]) -> Iterator[tuple[Workload, Sequence[Server]]]:
    """Run all servers on filled databases."""
    with issuer(kind) as tokens, ExitStack() as stack:
        workload = Workload(tokens, users(), plan.tasks_each)
        servers = [stack.enter_context(_start(name, tokens, urls[name])) for name in plan.servers]
        for server in servers:
            if CONTENDERS[server.name].database == "sqlite" and kind == plan.tokens[0]:
                database.fill(server, workload)
        require_agreement([server for server in servers if CONTENDERS[server.name].database], workload)
        yield workload, servers


def _turns(plan: Plan, servers: Sequence[Server], run: int) -> Iterator[tuple[Operation, int, Server]]:
    """Order the servers anew for each operation: one that always followed another would bear what that has left."""
    order = Random(run)
    for name in plan.operations:
        for connections in plan.connections:
            for server in order.sample(servers, len(servers)):
                yield OPERATIONS[name], connections, server


def wire(plan: Plan, store: Store, advance: Advance) -> dict[str, list[Record]]:
    """Count the statements and round trips of each operation, as they pass between server and database."""
    records = []
    with (
        store.copy() as url,
        _workload(plan) as workload,
        proxied(database.port_of(url)) as counted,
    ):
        for name in plan.in_postgres():
            advance(f"wire: {name}")
            with _start(name, workload.issuer, database.through(url, counted.port)) as server:
                for operation in map(OPERATIONS.__getitem__, plan.operations):
                    _drive(plan, server, workload, operation, 1)  # every statement gets prepared
                    before = replace(counted)
                    requests = (list(workload.of(operation, 1)[0]) * _COUNTED_REQUESTS)[:_COUNTED_REQUESTS]
                    drive(Job(server.port, [requests], operation.status, server.pid))
                    statements = (counted.statements - before.statements) / _COUNTED_REQUESTS
                    round_trips = (counted.round_trips - before.round_trips) / _COUNTED_REQUESTS
                    counts = {"statements": statements, "round_trips": round_trips}
                    records.append({"server": name, "operation": operation.name, **counts})
    return {"wire": records}


def growth(plan: Plan, store: Store, advance: Advance) -> dict[str, list[Record]]:
    """List 20 tasks of 100 in tables of several sizes, the sizes in turn."""
    records = []
    with _workload(plan) as workload, ExitStack() as stack:
        places = []
        for rows in plan.growth_rows:
            copies = rows // (USERS * plan.tasks_each) - 1
            of_size = stack.enter_context(store.copy())
            database.multiply(of_size, copies)
            spread = replace(workload, users=database.copies_of(workload.users, copies))
            for name in plan.growing():
                server = stack.enter_context(_start(name, workload.issuer, of_size))
                places.append((rows, spread, server))
        for run in range(plan.runs):
            for rows, spread, server in places:
                advance(f"growth: {server.name} in {rows:,} rows")
                seen = _drive(plan, server, spread, OPERATIONS["list"], 1)
                records.append({"server": server.name, "rows": rows, "run": run, **asdict(seen)})
    return {"growth": records}


def delay(plan: Plan, store: Store, advance: Advance) -> dict[str, Any]:
    """Put time between server and database: what is then left of a latency is round trips."""
    records = []
    with (
        store.copy() as url,
        _workload(plan) as workload,
        proxied(database.port_of(url), DELAY_MS / 1000) as slow,
        ExitStack() as stack,
    ):
        delayed = database.through(url, slow.port)
        servers = [stack.enter_context(_start(name, workload.issuer, delayed)) for name in plan.in_postgres()]
        for run in range(plan.runs):
            for server in servers:
                for operation in map(OPERATIONS.__getitem__, plan.operations):
                    advance(f"delay: {server.name} {operation.name}")
                    seen = _drive(plan, server, workload, operation, 1)
                    records.append({"server": server.name, "operation": operation.name, "run": run, **asdict(seen)})
        return {"delay": records, "round_trip_ms": _round_trip_ms(delayed)}


def workers(plan: Plan, store: Store, advance: Advance) -> dict[str, list[Record]]:
    """Drive one and two workers, everything on all cores, with requests that need no database."""
    records = []
    with store.copy() as url, _workload(plan) as workload, store.on_cores(ALL_CORES), on_cores(ALL_CORES):
        environment = {"DATABASE_URL": url, **workload.issuer.environment}
        for run in range(plan.runs):
            for count in (1, 2):
                advance(f"workers: {count}")
                with running(CONTENDERS["ours"], environment, workers=count, cores=ALL_CORES) as server:
                    seen = _drive(plan, server, workload, _SERVER_BOUND, 32)
                records.append({"workers": count, "run": run, **asdict(seen)})
    return {"workers": records}


def startup(plan: Plan, _: Store, advance: Advance) -> dict[str, list[Record]]:
    """Time our server from its start to its first answer, on a SQLite file that is not there yet."""
    records = []
    for run in range(plan.runs):
        advance("start")
        with database.sqlite() as url, issuer("HS256") as tokens:
            started = time.perf_counter()
            with running(CONTENDERS["ours-sqlite"], {"DATABASE_URL": url, **tokens.environment}):
                records.append({"run": run, "seconds": time.perf_counter() - started})
    return {"startup": records}


@contextmanager
def _workload(plan: Plan) -> Iterator[Workload]:
    with issuer(plan.tokens[0]) as tokens:
        yield Workload(tokens, users(), plan.tasks_each)


def _database(store: Store, name: str) -> AbstractContextManager[str]:
    match CONTENDERS[name].database:
        case "postgresql":
            return store.copy()
        case "sqlite":
            return database.sqlite()
        case _:
            return nullcontext("")


def _start(name: str, tokens: Issuer, url: str) -> AbstractContextManager[Server]:
    return running(CONTENDERS[name], {"DATABASE_URL": url, **tokens.environment})


def _drive(plan: Plan, server: Server, workload: Workload, operation: Operation, connections: int) -> Load:
    requests = workload.of(operation, connections)
    return drive(Job(server.port, requests, operation.status, server.pid, plan.seconds, plan.warmup_seconds))


def _memory(server: Server) -> float:
    process = psutil.Process(server.pid)
    family = [process, *process.children(recursive=True)]
    return float(sum(member.memory_info().rss for member in family)) / 2**20


def _round_trip_ms(url: str) -> float:
    """Return how long the shortest statement takes, in the median."""
    with psycopg.connect(url, autocommit=True) as connection:
        times = []
        for _ in range(20):
            started = time.perf_counter()
            connection.execute("SELECT 1")
            times.append((time.perf_counter() - started) * 1000)
    return median(times)
