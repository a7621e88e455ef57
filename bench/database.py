"""The storage of the servers under test: created, filled, and multiplied."""

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import psutil
import psycopg
from tests.postgres import Postgres, running_postgres

from bench.contenders import CONTENDERS, ROOT, NotStarted, Server, Storage, pinned, running, todo_api
from bench.driver import Job, drive
from bench.tokens import issuer
from bench.workload import CREATE, Workload, seeding, users

_SEEDING_CONNECTIONS = 32
_SCHEMA = ROOT / "bench" / "servers" / "schema.sql"


class Store:
    """A PostgreSQL server with a filled database for each of the two schemas; all measurements get copies."""

    def __init__(self, server: Postgres, filled: Mapping[Storage, str]) -> None:
        self._server = server
        self._filled = filled

    @contextmanager
    def storage_of(self, name: str) -> Iterator[str]:
        """Yield the URL of a contender's own storage: a filled copy in PostgreSQL, anything else empty."""
        storage = CONTENDERS[name].storage
        if storage in self._filled:
            with self._server.database(self._filled[storage]) as url:
                settle(url)
                yield url
        elif storage is Storage.SQLITE:
            with sqlite() as url:
                yield url
        elif storage is Storage.FOLDER:
            with _folder() as folder:
                yield folder
        else:
            yield ""

    @contextmanager
    def on_cores(self, cores: frozenset[int]) -> Iterator[None]:
        """Run the sessions that are opened in this block on these cores."""
        with psycopg.connect(self._server.url) as connection:
            postmaster = psutil.Process(connection.info.backend_pid).parent()
        with pinned(postmaster.pid, cores) if postmaster else nullcontext():
            yield


@contextmanager
def store(tasks_each: int, *, durable: bool) -> Iterator[Store]:
    """Run a PostgreSQL, which syncs to disk if it is `durable`, and fill each schema through its own server."""
    with running_postgres(durable=durable) as server, issuer("HS256") as tokens, ExitStack() as stack:
        filled = {}
        for name in ("ours", "floor"):
            url = stack.enter_context(server.database())
            environment = {"DATABASE_URL": url, **tokens.environment}
            if CONTENDERS[name].storage is Storage.MIGRATED:
                _migrate(environment)
            else:
                with psycopg.connect(url, autocommit=True) as connection:
                    connection.execute(_SCHEMA.read_bytes())
            with running(CONTENDERS[name], environment) as filling:
                fill(filling, Workload(tokens, users(), tasks_each))
            filled[CONTENDERS[name].storage] = url
        yield Store(server, filled)


def _migrate(environment: Mapping[str, str]) -> None:
    done = subprocess.run(
        todo_api("migrate"), env=os.environ | environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise NotStarted(f"todo-api migrate fails:\n{done.stderr}")


@contextmanager
def sqlite() -> Iterator[str]:
    """Yield the URL of an SQLite file on disk that does not exist yet."""
    with _folder() as folder:
        yield f"sqlite:///{folder}/bench.sqlite3"


@contextmanager
def _folder() -> Iterator[str]:
    # Unlike /tmp, this is never memory.
    with TemporaryDirectory(dir="/var/tmp" if Path("/var/tmp").is_dir() else None) as folder:
        yield folder


def fill(server: Server, workload: Workload) -> None:
    """Add the workload's tasks over HTTP."""
    drive(Job(server.port, seeding(workload, _SEEDING_CONNECTIONS), workload.status_of(CREATE), server.pid))


def multiply(url: str, copies: int) -> None:
    """Copy the lists and tasks of all users to this number of further users each."""
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
    """Vacuum and checkpoint now, so that it does not happen during a measurement."""
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
    """Return one copy of every user, spread over all copies."""
    return [f"{user}.{1 + index * copies // len(users)}" for index, user in enumerate(users)] if copies else list(users)
