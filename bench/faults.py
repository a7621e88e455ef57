"""Faults: `python -m bench.faults` breaks our server or its database under load, and counts what goes wrong.

Clients create tasks with an Idempotency-Key and repeat each request until it succeeds. The
goal: no acknowledged task is lost, none is duplicated, no response hangs or is later than
the deadline and 0.1 s, and the first create succeeds within 1 s after the fault has ended.
"""

import argparse
import asyncio
import os
import resource
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass

import psutil
import psycopg
import uvloop

from bench.contenders import OTHER_CORES, on_cores
from bench.load import Creates
from bench.stages import DEADLINE_SECONDS, PostgresStage, SqliteStage, postgres_stage, sqlite_stage
from bench.tokens import Tokens, issuer

CLIENTS = 24
_GOAL_SECONDS = 1.0
_PATIENCE_SECONDS = 10.0
_WITH_STANDBY = "failover"


async def server_kill(stage: PostgresStage | SqliteStage) -> None:
    """Kill the server and start it again."""
    await asyncio.to_thread(stage.program.kill)
    await asyncio.to_thread(stage.program.start)


async def server_restart(stage: PostgresStage | SqliteStage) -> None:
    """Stop the server and start it again."""
    await asyncio.to_thread(stage.program.stop)
    await asyncio.to_thread(stage.program.start)


async def full_disk(stage: SqliteStage) -> None:
    """Limit the size of files, so that writes fail as on a full disk."""
    log_bytes = stage.file.with_name(f"{stage.file.name}-wal").stat().st_size
    before = resource.prlimit(stage.program.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(stage.program.pid, resource.RLIMIT_FSIZE, (log_bytes, before[1]))
    await asyncio.sleep(1)
    resource.prlimit(stage.program.pid, resource.RLIMIT_FSIZE, before)


async def kill(stage: PostgresStage) -> None:
    """Kill the database and start it again."""
    await asyncio.to_thread(stage.postgres.kill)
    await asyncio.to_thread(stage.postgres.start)


async def restart(stage: PostgresStage) -> None:
    """Stop the database and start it again."""
    await asyncio.to_thread(stage.postgres.restart)


async def freeze(stage: PostgresStage) -> None:
    """Suspend all processes of the database for longer than the deadline."""
    _signal(stage, signal.SIGSTOP)
    await asyncio.sleep(DEADLINE_SECONDS + 1)
    _signal(stage, signal.SIGCONT)


async def slow(stage: PostgresStage) -> None:
    """Let the database run for a tenth of the time."""
    for _ in range(20):
        _signal(stage, signal.SIGSTOP)
        await asyncio.sleep(0.09)
        _signal(stage, signal.SIGCONT)
        await asyncio.sleep(0.01)


async def reset(stage: PostgresStage) -> None:
    """Reset all connections 20 times."""
    for _ in range(20):
        stage.proxy.cut()
        await asyncio.sleep(0.05)


async def lost_replies(stage: PostgresStage) -> None:
    """Reset 100 connections after the database has done the work."""
    for _ in range(20):
        stage.proxy.lose_replies(5)
        await asyncio.sleep(0.05)


async def black_hole(stage: PostgresStage) -> None:
    """Drop everything on the existing connections; requests on them end at their deadline."""
    stage.proxy.silence()
    await asyncio.sleep(DEADLINE_SECONDS)


async def read_only(stage: PostgresStage) -> None:
    """Let the database refuse writes."""
    await stage.execute("ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
    await asyncio.sleep(1)
    await stage.execute("ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()")


async def out_of_connections(stage: PostgresStage) -> None:
    """Take all connections that the database grants, then reset those of the server."""

    def take(held: ExitStack) -> None:
        try:
            while True:
                held.enter_context(psycopg.connect(stage.url))
        except psycopg.OperationalError:
            pass

    with ExitStack() as held:
        await asyncio.to_thread(take, held)
        os.kill(stage.program.pid, signal.SIGSTOP)  # otherwise it would connect again first
        stage.proxy.cut()
        for _ in range(5):
            await asyncio.sleep(0.02)
            await asyncio.to_thread(take, held)
        os.kill(stage.program.pid, signal.SIGCONT)
        await asyncio.sleep(1)


async def failover(stage: PostgresStage) -> None:
    """Kill the database and promote its standby."""
    assert stage.standby is not None
    await asyncio.to_thread(stage.postgres.kill)
    await asyncio.to_thread(stage.standby.promote)


def _signal(stage: PostgresStage, number: signal.Signals) -> None:
    parent = psutil.Process(stage.postgres.pid)
    for process in (parent, *parent.children(recursive=True)):
        try:
            process.send_signal(number)
        except psutil.NoSuchProcess:
            continue


_ON_SQLITE: dict[str, Callable[[SqliteStage], Awaitable[None]]] = {
    "server-kill": server_kill,
    "server-restart": server_restart,
    "full-disk": full_disk,
}
_ON_POSTGRES: dict[str, Callable[[PostgresStage], Awaitable[None]]] = {
    "server-kill": server_kill,
    "server-restart": server_restart,
    "kill": kill,
    "restart": restart,
    "freeze": freeze,
    "slow": slow,
    "reset": reset,
    "lost-replies": lost_replies,
    "black-hole": black_hole,
    "read-only": read_only,
    "out-of-connections": out_of_connections,
    _WITH_STANDBY: failover,
}


@dataclass(frozen=True)
class Row:
    """What a fault has done to the clients."""

    creates: Creates
    lost: int
    duplicated: int
    recovery_seconds: float

    @property
    def is_met(self) -> bool:
        """Whether the goal is met."""
        bad = self.lost + self.duplicated + self.creates.hanging + self.creates.late
        return not bad and self.recovery_seconds <= _GOAL_SECONDS


def main() -> None:
    """Print a row for each fault and database."""
    parser = argparse.ArgumentParser(prog="python -m bench.faults", description=__doc__)
    names = list(dict.fromkeys([*_ON_SQLITE, *_ON_POSTGRES]))
    parser.add_argument("--only", nargs="+", choices=names, default=names, help="these faults alone")
    parser.add_argument("--seconds", type=float, default=1.0, help="of load before and after (default: %(default)s)")
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgres"], choices=["sqlite", "postgres"])
    options = parser.parse_args()
    print("fault               database   creates  lost  duplicated  hanging  late  longest, s  recovery, s  goal")
    with issuer("HS256") as tokens, on_cores(OTHER_CORES):
        for database in options.databases:
            for name in options.only:
                if name in (_ON_SQLITE if database == "sqlite" else _ON_POSTGRES):
                    row = uvloop.run(measured(name, database, tokens, options.seconds))
                    _print(name, database, row)


async def measured(name: str, database: str, tokens: Tokens, seconds: float) -> Row:
    """Break a new server under load."""
    if database == "sqlite":
        async with sqlite_stage(tokens.environment) as sqlite:
            return await _under_load(lambda: _ON_SQLITE[name](sqlite), sqlite.program.port, tokens, seconds)
    async with postgres_stage(tokens.environment, with_standby=name == _WITH_STANDBY) as stage:
        return await _under_load(lambda: _ON_POSTGRES[name](stage), stage.program.port, tokens, seconds)


async def _under_load(fault: Callable[[], Awaitable[None]], port: int, tokens: Tokens, seconds: float) -> Row:
    creates = Creates(port, tokens, DEADLINE_SECONDS)
    load = asyncio.create_task(creates.run(CLIENTS))
    await asyncio.sleep(seconds)
    await fault()
    ended_at = time.perf_counter()
    await asyncio.sleep(seconds)
    creates.end()
    await asyncio.wait([load], timeout=_PATIENCE_SECONDS)
    load.cancel()
    recovered_at = min((at for at in creates.at if at > ended_at), default=float("inf"))
    return Row(creates, *await creates.lost_and_duplicated(), recovered_at - ended_at)


def _print(fault: str, database: str, row: Row) -> None:
    creates = row.creates
    print(
        f"{fault:<20}{database:<9}{len(creates.at):>9}{row.lost:>6}{row.duplicated:>12}{creates.hanging:>9}"
        f"{creates.late:>6}{creates.longest:>12.2f}{row.recovery_seconds:>13.2f}"
        f"  {'met' if row.is_met else 'NOT met'}  {dict(creates.statuses)}",
        flush=True,
    )


if __name__ == "__main__":
    main()
