"""Pages of open tasks in lists with more and more completed tasks.

Each list has the same 1,000 open tasks: they are the newest, or spread evenly over the
list. A page of 20 is requested with each sort and each filter, the lists in turn.
"""

import argparse
import socket
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from statistics import median

import psycopg
from tests.long_lists import long_list, store_in_postgres, store_in_sqlite
from tests.postgres import running_postgres

from bench import database, machine, plots
from bench.contenders import CONTENDERS, OTHER_CORES, ROOT, Server, on_cores, running
from bench.driver import is_complete
from bench.report import table
from bench.tokens import Issuer, issuer
from bench.workload import PAGE, http_request
from todo_adapters.sql.migrations import upgrade
from todo_domain import SortKey, Task, UserId

_OPEN = 1_000
_SORTS = [direction + sort for sort in SortKey for direction in ("", "-")]
_FILTERS = {
    "no filter": "",
    "priority": "&priority=high",
    "tag": "&tag=home",
    "due_from": "&due_from=2026-04-01",
    "due_until": "&due_until=2026-04-01",
    "project": "&project=1",
    "no project": "&project=none",
    "q": "&q=milk",
    "q, no match": "&q=bread",
}
_LAYOUTS = {"the newest": True, "spread": False}
"""Where the open tasks are, and whether they are the newest."""

_GOAL = 1.5
_WARMING = 3

Figures = Mapping[tuple[str, str], Sequence[float]]
"""The medians in ms, by sort and filter; one for each size of a list."""


def main() -> None:
    """Measure both databases, and write a table and a plot."""
    options = _options().parse_args()
    figures = {}
    with on_cores(OTHER_CORES), issuer("HS256") as tokens:
        for database_name in options.databases:
            for layout, are_newest in _LAYOUTS.items():
                lists = {_user(size): _list(size, are_newest=are_newest) for size in options.sizes}
                with _SERVED[database_name](tokens, lists) as server:
                    name = f"{database_name}, open tasks are {layout}"
                    figures[name] = _measured(server, tokens, list(lists), options.requests)
                print(f"{name}: at most {_worst(figures[name]):.2f} times, goal ≤ {_GOAL}", flush=True)
    options.output.mkdir(parents=True, exist_ok=True)
    about = machine.describe()
    note = f"{about['processor']}, {about['cores']} cores, {about['date']}, medians of {options.requests} requests"
    (options.output / "open-tasks.md").write_text("\n\n".join(_sections(figures, options.sizes, note)) + "\n")
    (options.output / "open-tasks.svg").write_text(_plot(figures, options.sizes, note))


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    options.add_argument("--sizes", nargs="+", type=int, default=[1_000, 20_000, 100_000], help="of the lists")
    options.add_argument("--databases", nargs="+", choices=list(_SERVED), default=list(_SERVED))
    options.add_argument("--requests", type=int, default=101, help="of each page and size (default: %(default)s)")
    options.add_argument("--output", type=Path, default=ROOT / "bench" / "results", help="the folder to write to")
    return options


@contextmanager
def _on_postgres(tokens: Issuer, lists: Mapping[UserId, Iterator[Task]]) -> Iterator[Server]:
    with running_postgres(durable=True) as postgres, postgres.database() as url:
        upgrade(url)
        with psycopg.connect(url, autocommit=True) as connection:
            for user_id, tasks in lists.items():
                store_in_postgres(connection, user_id, tasks)
        database.settle(url)
        with running(CONTENDERS["ours"], {"DATABASE_URL": url, **tokens.environment}) as server:
            yield server


@contextmanager
def _on_sqlite(tokens: Issuer, lists: Mapping[UserId, Iterator[Task]]) -> Iterator[Server]:
    with database.sqlite() as url:
        upgrade(url)
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
            for user_id, tasks in lists.items():
                store_in_sqlite(connection, user_id, tasks)
        with running(CONTENDERS["ours-sqlite"], {"DATABASE_URL": url, **tokens.environment}) as server:
            yield server


_SERVED = {"PostgreSQL": _on_postgres, "SQLite": _on_sqlite}


def _user(size: int) -> UserId:
    return UserId(f"user-{size}")


def _list(size: int, *, are_newest: bool) -> Iterator[Task]:
    return long_list(_user(size), open_tasks=_OPEN, size=size, are_newest=are_newest)


def _measured(server: Server, tokens: Issuer, users: Sequence[UserId], count: int) -> Figures:
    figures = {}
    with ExitStack() as stack:
        connections = [stack.enter_context(socket.create_connection(("127.0.0.1", server.port))) for _ in users]
        for sort in _SORTS:
            for name, condition in _FILTERS.items():
                query = f"complete=false&sort={sort}&limit={PAGE}{condition}"
                requests = [
                    http_request("GET", f"/api/{user}/tasks?{query}", tokens.token(user)).encode() for user in users
                ]
                rounds = [list(map(_milliseconds, connections, requests)) for _ in range(_WARMING + count)]
                figures[sort, name] = [median(times) for times in zip(*rounds[_WARMING:], strict=True)]
    return figures


def _milliseconds(connection: socket.socket, request: bytes) -> float:
    """Return the time until the response is complete."""
    began = time.perf_counter()
    connection.sendall(request)
    received = b""
    while not is_complete(received):
        received += connection.recv(1 << 16)
    assert received.startswith(b"HTTP/1.1 200"), received
    return (time.perf_counter() - began) * 1000


def _worst(figures: Figures) -> float:
    """Return the highest ratio of a list's time to that of the first list."""
    return max(max(times) / times[0] for times in figures.values())


def _sections(figures: Mapping[str, Figures], sizes: Sequence[int], note: str) -> Iterator[str]:
    yield "# Pages of open tasks as completed tasks accumulate"
    yield (
        f"p50 in ms of a page of {PAGE} with `complete=false`, in lists of {', '.join(f'{size:,}' for size in sizes)} "
        f"tasks; each has {_OPEN:,} open ones. In brackets: the slowest compared with the first. "
        f"Measured over HTTP, one request at a time. {note}."
    )
    for name, of_database in figures.items():
        yield f"## {name}: at most {_worst(of_database):.2f} times, goal ≤ {_GOAL}"
        rows = [[sort, *(_cell(of_database[sort, condition]) for condition in _FILTERS)] for sort in _SORTS]
        yield table(["sort", *_FILTERS], rows)


def _cell(times: Sequence[float]) -> str:
    return f"{' · '.join(f'{each:.2f}' for each in times)} ({max(times) / times[0]:.2f})"


def _plot(figures: Mapping[str, Figures], sizes: Sequence[int], note: str) -> str:
    """Draw a group of bars for each database and layout, with the median of all sorts and filters for each size."""
    groups = {
        name: {
            f"{size:,} tasks": [median(times[place] for times in of_database.values())]
            for place, size in enumerate(sizes)
        }
        for name, of_database in figures.items()
    }
    return plots.bars(f"A page of {PAGE} of {_OPEN:,} open tasks, p50 in ms: less is better", note, groups)


if __name__ == "__main__":
    main()
