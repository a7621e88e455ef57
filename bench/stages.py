"""Our server as a program that a fault may end and start again, and the databases behind it."""

import asyncio
import os
import subprocess
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from tests.integration.adapters.sql.postgres.proxy import Proxy
from tests.postgres import LocalPostgres, running_postgres

from bench.contenders import NO_BOUNDS, ROOT, SERVER_CORES, NotStarted, becomes_healthy, free_port, on_cores, todo_api

DEADLINE_SECONDS = 2.0


class Program:
    """`todo-api serve` on a port that stays the same."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = {**os.environ, **NO_BOUNDS, **environment, "TODO_MAX_OPEN_TASKS": "0"}
        self._environment["TODO_DATABASE_TIMEOUT_SECONDS"] = str(DEADLINE_SECONDS)
        self.port = free_port()
        self._process: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        """The process of the server."""
        return self._process.pid

    def migrate(self) -> None:
        """Create the tables."""
        subprocess.run(todo_api("migrate"), env=self._environment, check=True, stdout=subprocess.DEVNULL)

    def start(self) -> None:
        """Start the server and wait until it responds."""
        command = todo_api("serve", "--host", "127.0.0.1", "--port", str(self.port))
        with on_cores(SERVER_CORES):
            self._process = subprocess.Popen(
                command, env=self._environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        if not becomes_healthy(self.port, self._process, "/health"):
            raise NotStarted("the server does not become healthy")

    def stop(self) -> None:
        """End the server as an operator does."""
        self._process.terminate()
        self._process.wait()

    def kill(self) -> None:
        """End the server at once."""
        self._process.kill()
        self._process.wait()


@dataclass(frozen=True)
class SqliteStage:
    """A server with an SQLite file."""

    program: Program
    file: Path


@dataclass(frozen=True)
class PostgresStage:
    """A server with a PostgreSQL behind a proxy; `standby` follows it, and the server knows both addresses."""

    program: Program
    postgres: LocalPostgres
    url: str
    proxy: Proxy
    standby: LocalPostgres | None

    async def execute(self, *statements: str) -> None:
        """Run statements as the operator of the database, past the proxy."""

        def execute() -> None:
            with psycopg.connect(self.url, autocommit=True) as connection:
                for statement in statements:
                    connection.execute(statement.encode())

        await asyncio.to_thread(execute)


@asynccontextmanager
async def sqlite_stage(environment: Mapping[str, str]) -> AsyncIterator[SqliteStage]:
    """Run a server with a new SQLite file."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "tasks.sqlite3"
        async with _program({**environment, "DATABASE_URL": str(file)}) as program:
            yield SqliteStage(program, file)


@asynccontextmanager
async def postgres_stage(environment: Mapping[str, str], *, with_standby: bool) -> AsyncIterator[PostgresStage]:
    """Run a server with a new PostgreSQL, and with a synchronous standby if a fault needs it."""
    async with AsyncExitStack() as stack:
        postgres = stack.enter_context(running_postgres())
        standby = stack.enter_context(postgres.standby()) if with_standby else None
        proxy = await stack.enter_async_context(Proxy.before(postgres.url))
        url = proxy.url
        if standby:
            with psycopg.connect(postgres.url, autocommit=True) as operator:
                operator.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
                operator.execute("SELECT pg_reload_conf()")
            hosts = ",".join(urlsplit(each.url).netloc.rpartition("@")[2] for each in (postgres, standby))
            url = f"postgresql://postgres@{hosts}/postgres?target_session_attrs=read-write"
        program = await stack.enter_async_context(_program({**environment, "DATABASE_URL": url}))
        yield PostgresStage(program, postgres, postgres.url, proxy, standby)


@asynccontextmanager
async def _program(environment: Mapping[str, str]) -> AsyncIterator[Program]:
    program = Program(environment)
    if "://" in environment["DATABASE_URL"]:
        await asyncio.to_thread(program.migrate)
    await asyncio.to_thread(program.start)
    try:
        yield program
    finally:
        program.kill()
