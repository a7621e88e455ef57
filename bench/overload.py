"""Overload: `python -m bench.overload`, which slows the database to about 200 requests a second.

A proxy delays the messages of the ten connections to PostgreSQL in both directions. In an
SQLite file, each write sleeps (servers/slow_sqlite.py). The load is open: requests begin at random
times, whatever the responses. Each client gives up after a second. A load of 1 is what the
database can serve. It needs an idle machine.
"""

import argparse
import asyncio
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import psutil
import uvloop
from tests.postgres import running_postgres

from bench.contenders import CONTENDERS, Contender, Server, Storage, running, todo_api
from bench.tokens import Tokens, issuer
from bench.wire import proxied
from bench.workload import Workload

CONNECTIONS = 10
USERS = 200
PATIENCE_SECONDS = 1.0
_WARMUP_SECONDS = 2.0


class Clients:
    """Open-loop clients of one server, and what they have seen: seconds by the status of the response."""

    def __init__(self, port: int, requests: Sequence[bytes]) -> None:
        self._port = port
        self._requests = requests
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self.seconds: dict[str, list[float]] = {}

    async def load(self, rate: float, seconds: float) -> None:
        """Begin requests at this rate, and wait for the last."""
        chance = random.Random(1)
        begin = end = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            while end < begin + seconds:
                group.create_task(self._send(chance.choice(self._requests)))
                end += chance.expovariate(rate)
                await asyncio.sleep(end - time.perf_counter())
        while self._idle:
            self._idle.pop()[1].transport.abort()

    async def _send(self, request: bytes) -> None:
        begun = time.perf_counter()
        connection = None
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                connection = self._idle.pop() if self._idle else await asyncio.open_connection("127.0.0.1", self._port)
                reader, writer = connection
                writer.write(request)
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split(b"\r\n", 1)[0]))
        except TimeoutError:
            outcome = "given up"
        except (OSError, asyncio.IncompleteReadError):
            outcome = "broken"
        else:
            outcome = head[9:12].decode()
            self._idle.append(connection)
            connection = None
        if connection:
            connection[1].transport.abort()
        self.seconds.setdefault(outcome, []).append(time.perf_counter() - begun)


def main() -> None:
    """Print a line for each load."""
    parser = argparse.ArgumentParser(prog="python -m bench.overload", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each load (default: %(default)s)")
    parser.add_argument("--loads", nargs="+", type=float, default=[0.5, 1, 4, 16])
    parser.add_argument("--capacity", type=float, default=200, help="requests per second (default: %(default)s)")
    parser.add_argument("--database", choices=list(_DATABASES), default="postgresql")
    options = parser.parse_args()
    users = [f"user-{number:03}" for number in range(USERS)]
    method, slowed_server = _DATABASES[options.database]
    with issuer("HS256") as tokens, slowed_server(options.capacity, tokens) as server:
        requests = [Workload(tokens, users, 1).request(method, user, body=_BODIES[method]).encode() for user in users]
        print(" load  offered/s   good/s   p50 ms   p99 ms    503/s   p99 ms  other")
        for load in options.loads:
            rate = load * options.capacity
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(Clients(server.port, requests).load(rate, _WARMUP_SECONDS))
                clients = Clients(server.port, requests)
                runner.run(clients.load(rate, options.seconds))
            _report(load, clients.seconds, options.seconds)
            print(f"memory {psutil.Process(server.pid).memory_info().rss / 2**20:.0f} MiB", flush=True)


@contextmanager
def _on_postgresql(capacity: float, tokens: Tokens) -> Iterator[Server]:
    with running_postgres() as postgres, postgres.database() as url:
        environment = {"DATABASE_URL": url, **tokens.environment}
        subprocess.run(todo_api("migrate"), env=os.environ | environment, check=True, stdout=subprocess.DEVNULL)
        address = urlsplit(url)
        with proxied(address.port or 5432, CONNECTIONS / capacity / 2) as wire:
            slow = address._replace(netloc=f"{address.username}@127.0.0.1:{wire.port}").geturl()
            with running(CONTENDERS["ours"], environment | {"DATABASE_URL": slow}) as server:
                yield server


@contextmanager
def _on_sqlite(capacity: float, tokens: Tokens) -> Iterator[Server]:
    command = [sys.executable, "-m", "bench.servers.slow_sqlite", "serve", "--port"]
    slow = Contender("slow-sqlite", Storage.SQLITE, lambda port, _: [*command, str(port)])
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/todo.db"
        with running(slow, {"DATABASE_URL": url, "WRITE_SECONDS": f"{1 / capacity}", **tokens.environment}) as server:
            yield server


_BODIES: dict[str, dict[str, Any] | None] = {"GET": None, "POST": {"title": "Buy milk"}}
_DATABASES = {"postgresql": ("GET", _on_postgresql), "sqlite": ("POST", _on_sqlite)}


def _report(load: float, seconds: dict[str, list[float]], duration: float) -> None:
    good, refused = seconds.pop("200", []) + seconds.pop("201", []), seconds.pop("503", [])
    others = Counter({outcome: len(each) for outcome, each in seconds.items()})
    print(
        f"{load:>5g}{(len(good) + len(refused) + others.total()) / duration:>11.0f}{len(good) / duration:>9.0f}"
        f"{_quantile(good, 50):>9.0f}{_quantile(good, 99):>9.0f}{len(refused) / duration:>9.0f}"
        f"{_quantile(refused, 99):>9.0f}  {dict(others)}",
        end="  ",
    )


def _quantile(seconds: Sequence[float], percent: int) -> float:
    return statistics.quantiles(seconds, n=100)[percent - 1] * 1000 if len(seconds) > 1 else float("nan")


if __name__ == "__main__":
    main()
