"""The database of the servers under test: started, migrated, filled, and multiplied."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import psutil
import psycopg
from tests.postgres import Postgres, running_postgres

from bench.contenders import CONTENDERS, NotStarted, Server, pinned, running, todo_api
from bench.driver import Job, drive
from bench.tokens import issuer
from bench.workload import Workload, seeding, users

_SEEDING_CONNECTIONS = 32


class Store:
    """A PostgreSQL server with a filled database, of which every part of the benchmark gets a copy."""

    def __init__(self, server: Postgres, filled: str) -> None:
        self._server = server
        self._filled = filled

    @contextmanager
    def copy(self) -> Iterator[str]:
        """Give the URL of a copy of the database."""
        with self._server.database(self._filled) as url:
            settle(url)
            yield url

    @contextmanager
    def on_cores(self, cores: frozenset[int]) -> Iterator[None]:
        """Let sessions that are opened meanwhile run on these cores."""
        with psycopg.connect(self._server.url) as connection:
            postmaster = psutil.Process(connection.info.backend_pid).parent()
        with pinned(postmaster.pid, cores) if postmaster else nullcontext():
            yield


@contextmanager
def store(tasks_each: int) -> Iterator[Store]:
    """Run a PostgreSQL that syncs to disk, and fill a database through this project's server."""
    with running_postgres(durable=True) as server, server.database() as url, issuer("HS256") as tokens:
        environment = {"DATABASE_URL": url, **tokens.environment}
        done = subprocess.run(
            todo_api("migrate"), env=os.environ | environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise NotStarted(f"todo-api migrate fails:\n{done.stderr}")
        with running(CONTENDERS["ours"], environment) as ours:
            fill(ours, Workload(tokens, users(), tasks_each))
        yield Store(server, url)


@contextmanager
def sqlite() -> Iterator[str]:
    """Give the URL of a SQLite file on disk that is not there yet."""
    # Unlike /tmp, this is never memory.
    with TemporaryDirectory(dir="/var/tmp" if Path("/var/tmp").is_dir() else None) as directory:
        yield f"sqlite:///{directory}/bench.sqlite3"


def fill(server: Server, workload: Workload) -> None:
    """Add the workload's tasks, the way everyone does: over HTTP."""
    drive(Job(server.port, seeding(workload, _SEEDING_CONNECTIONS), 201, server.pid))


def multiply(url: str, copies: int) -> None:
    """Copy the lists of all users, tasks included, to as many further users each."""
    with psycopg.connect(url, autocommit=True) as connection:
        for table in ("task_lists", "tasks"):
            query = (
                "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND column_name <> 'user_id'"
            )
            columns = ", ".join(name for (name,) in connection.execute(query, [table]).fetchall())
            connection.execute(
                f"INSERT INTO {table} (user_id, {columns})"
                f" SELECT user_id || '.' || copy, {columns} FROM {table}, generate_series(1, {copies}) copy".encode()
            )
    settle(url)


def settle(url: str) -> None:
    """Leave nothing to be tidied up while a measurement runs."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")


def port_of(url: str) -> int:
    """Return the port of a database's URL."""
    port = urlsplit(url).port
    assert port
    return port


def through(url: str, port: int) -> str:
    """Return the URL of the same database behind another port."""
    return url.replace(f":{port_of(url)}/", f":{port}/", 1)


def copies_of(users: Sequence[str], copies: int) -> list[str]:
    """Name one copy of every user, spread over all copies."""
    return [f"{user}.{1 + index * copies // len(users)}" for index, user in enumerate(users)] if copies else list(users)
