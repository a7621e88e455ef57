"""The measurements: each yields plain records, one for every run."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import asdict, replace
from random import Random
from statistics import median
from typing import Any

import psutil
import psycopg

from bench import database, pocketbase
from bench.agreement import require_agreement
from bench.contenders import ALL_CORES, CONTENDERS, Server, Storage, on_cores, running
from bench.database import Store
from bench.driver import Job, Load, drive
from bench.goals import DELAY_MS
from bench.plan import Plan
from bench.tokens import Tokens, issuer
from bench.wire import proxied
from bench.workload import OPERATIONS, USERS, Operation, Workload, users

Record = dict[str, Any]
Party = tuple[Server, Workload]
"""A server, and the requests in its own format."""

_COUNTED_REQUESTS = 50
_SERVER_BOUND = Operation("refused POST", 422, Workload.refused_posts)


Advance = Callable[[str], None]


def load(plan: Plan, store: Store, advance: Advance) -> dict[str, list[Record]]:
    """Drive every server with every operation; the servers take turns in each run, in a changing order.

    Each server has its own database, so that no server is affected by another's data.
    """
    records, memory = [], []
    with ExitStack() as stack:
        urls = {name: stack.enter_context(store.storage_of(name)) for name in plan.servers}
        for kind in plan.tokens:
            with _contest(plan, kind, urls) as parties:
                for run in range(plan.runs):
                    for operation, connections, (server, workload) in _turns(plan, parties, run):
                        advance(f"{kind} {operation.name}, {connections} connections: {server.name}")
                        seen = _drive(plan, server, workload, operation, connections)
                        about = {"token": kind, "operation": operation.name, "connections": connections, "run": run}
                        records.append({"server": server.name, **about, **asdict(seen)})
                memory += [{"server": server.name, "token": kind, "mib": _memory(server)} for server, _ in parties]
    return {"load": records, "memory": memory}


@contextmanager
def _contest(plan: Plan, kind: str, urls: Mapping[str, str]) -> Iterator[Sequence[Party]]:
    """Run the servers that accept this kind of token, on filled storages."""
    with issuer(kind) as tokens, ExitStack() as stack:
        common = Workload(tokens, users(), plan.tasks_each)
        servers = [stack.enter_context(_start(name, tokens, urls[name])) for name in plan.accepting(kind)]
        alike, parties = [], []
        for server in servers:
            contender, workload = CONTENDERS[server.name], common
            if contender.own_tokens:
                workload = pocketbase.sign_up(server, common)
                database.fill(server, workload)
                pocketbase.require_agreement(server, workload)
            elif contender.storage is Storage.SQLITE and kind == plan.tokens[0]:
                database.fill(server, workload)
            if contender.storage is not Storage.NONE and not contender.own_tokens:
                alike.append(server)
            parties.append((server, workload))
        require_agreement(alike, common)
        yield parties


def _turns(plan: Plan, parties: Sequence[Party], run: int) -> Iterator[tuple[Operation, int, Party]]:
    """Change the order of the servers for each operation, so that no server always follows the same one."""
    order = Random(run)
    for name in plan.operations:
        for connections in plan.connections:
            for party in order.sample(parties, len(parties)):
                yield OPERATIONS[name], connections, party


def wire(plan: Plan, store: Store, advance: Advance) -> dict[str, list[Record]]:
    """Count the statements and round trips of each operation, as they pass between server and database."""
    records = []
    with _workload(plan) as workload:
        for name in plan.in_postgres():
            advance(f"wire: {name}")
            with (
                store.storage_of(name) as url,
                proxied(database.port_of(url)) as counted,
                _start(name, workload.tokens, database.through(url, counted.port)) as server,
            ):
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
    """List 20 of 100 tasks in tables of several sizes, which take turns."""
    records = []
    with _workload(plan) as workload, ExitStack() as stack:
        places = []
        for rows in plan.growth_rows:
            copies = rows // (USERS * plan.tasks_each) - 1
            spread = replace(workload, users=database.copies_of(workload.users, copies))
            for name in plan.growing():
                of_size = stack.enter_context(store.storage_of(name))
                database.multiply(of_size, copies)
                server = stack.enter_context(_start(name, workload.tokens, of_size))
                places.append((rows, spread, server))
        for run in range(plan.runs):
            for rows, spread, server in places:
                advance(f"growth: {server.name} in {rows:,} rows")
                seen = _drive(plan, server, spread, OPERATIONS["list"], 1)
                records.append({"server": server.name, "rows": rows, "run": run, **asdict(seen)})
    return {"growth": records}


def delay(plan: Plan, store: Store, advance: Advance) -> dict[str, Any]:
    """Add a delay between server and database, so that latency is mostly round trips."""
    records = []
    with _workload(plan) as workload, ExitStack() as stack:
        urls = {name: stack.enter_context(store.storage_of(name)) for name in plan.in_postgres()}
        port = database.port_of(next(iter(urls.values())))
        slow = stack.enter_context(proxied(port, DELAY_MS / 1000))
        delayed = {name: database.through(url, slow.port) for name, url in urls.items()}
        servers = [stack.enter_context(_start(name, workload.tokens, url)) for name, url in delayed.items()]
        for run in range(plan.runs):
            for server in servers:
                for operation in map(OPERATIONS.__getitem__, plan.operations):
                    advance(f"delay: {server.name} {operation.name}")
                    seen = _drive(plan, server, workload, operation, 1)
                    records.append({"server": server.name, "operation": operation.name, "run": run, **asdict(seen)})
        return {"delay": records, "round_trip_ms": _round_trip_ms(next(iter(delayed.values())))}


def workers(plan: Plan, store: Store, advance: Advance) -> dict[str, list[Record]]:
    """Drive one and two workers, everything on all cores, with requests that need no database."""
    records = []
    with store.storage_of("ours") as url, _workload(plan) as workload, store.on_cores(ALL_CORES), on_cores(ALL_CORES):
        environment = {"DATABASE_URL": url, **workload.tokens.environment}
        for run in range(plan.runs):
            for count in (1, 2):
                advance(f"workers: {count}")
                with running(CONTENDERS["ours"], environment, workers=count, cores=ALL_CORES) as server:
                    seen = _drive(plan, server, workload, _SERVER_BOUND, 32)
                records.append({"workers": count, "run": run, **asdict(seen)})
    return {"workers": records}


def startup(plan: Plan, _: Store, advance: Advance) -> dict[str, list[Record]]:
    """Time our server from its start to its first response, on a new SQLite file."""
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


def _start(name: str, tokens: Tokens, url: str) -> AbstractContextManager[Server]:
    return running(CONTENDERS[name], {"DATABASE_URL": url, **tokens.environment})


def _drive(plan: Plan, server: Server, workload: Workload, operation: Operation, connections: int) -> Load:
    requests, status = workload.of(operation, connections), workload.status_of(operation)
    return drive(Job(server.port, requests, status, server.pid, plan.seconds, plan.warmup_seconds))


def _memory(server: Server) -> float:
    process = psutil.Process(server.pid)
    family = [process, *process.children(recursive=True)]
    return float(sum(member.memory_info().rss for member in family)) / 2**20


def _round_trip_ms(url: str) -> float:
    """Return the median time of the shortest statement."""
    with psycopg.connect(url, autocommit=True) as connection:
        times = []
        for _ in range(20):
            started = time.perf_counter()
            connection.execute("SELECT 1")
            times.append((time.perf_counter() - started) * 1000)
    return median(times)
