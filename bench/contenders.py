"""The servers under test: their commands, CPU cores and storage."""

import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path

ROOT = Path(__file__).parent.parent
FASTIFY = ROOT / "bench" / "fastify"
_PB_MIGRATIONS = ROOT / "bench" / "servers" / "pb_migrations"
_PATIENCE_SECONDS = 120
NO_BOUNDS = {"TODO_WORK_PER_SECOND": "0", "TODO_MAX_STREAMS": "0"}
"""The settings with which few users may use all of our server, unless an environment has others."""


class NotStarted(Exception):
    """Raised when a server does not become healthy."""


class Storage(Enum):
    """The kinds of storage, as a server's URL names them."""

    NONE = auto()
    MIGRATED = auto()
    """A PostgreSQL database with the tables of `todo-api migrate`."""
    HAND_WRITTEN = auto()
    """A PostgreSQL database with the tables of servers/schema.sql."""
    SQLITE = auto()
    """An SQLite file."""
    FOLDER = auto()
    """A folder for the server's files."""


POSTGRES = (Storage.MIGRATED, Storage.HAND_WRITTEN)


@dataclass(frozen=True)
class Contender:
    """A program that serves tasks.

    - command: its command line for a port and the URL or folder of its storage
    - health: the path of its health check
    - own_tokens: it signs tokens itself, by HS256, and accepts no others
    """

    name: str
    storage: Storage
    command: Callable[[int, str], Sequence[str]]
    health: str = "/health"
    own_tokens: bool = False


@dataclass(frozen=True)
class Server:
    """A running contender."""

    name: str
    port: int
    pid: int


def todo_api(*arguments: str) -> list[str]:
    """Return the command line of this project's program."""
    return [_script("todo-api"), *arguments]


def _script(name: str) -> str:
    return str(Path(sysconfig.get_path("scripts")) / name)


def _ours(port: int, _: str) -> Sequence[str]:
    return todo_api("serve", "--host", "127.0.0.1", "--port", str(port))


def _uvicorn(app: str) -> Callable[[int, str], Sequence[str]]:
    options = ("--host", "127.0.0.1", "--no-access-log", "--log-level", "warning")
    return lambda port, _: [sys.executable, "-m", "uvicorn", f"bench.servers.{app}:app", *options, "--port", str(port)]


def _pocketbase(port: int, folder: str) -> Sequence[str]:
    options = ("--http", f"127.0.0.1:{port}", "--dir", folder, "--migrationsDir", str(_PB_MIGRATIONS))
    return [_script("pocketbase"), "serve", *options]


CONTENDERS = {
    contender.name: contender
    for contender in (
        Contender("ours", Storage.MIGRATED, _ours),
        Contender("ours-sqlite", Storage.SQLITE, _ours),
        Contender("floor", Storage.HAND_WRITTEN, _uvicorn("floor")),
        Contender("fastify", Storage.HAND_WRITTEN, lambda *_: ["node", str(FASTIFY / "server.js")]),
        Contender("tutorial", Storage.HAND_WRITTEN, _uvicorn("tutorial")),
        Contender("pocketbase", Storage.FOLDER, _pocketbase, health="/api/health", own_tokens=True),
        Contender("constant", Storage.NONE, _uvicorn("constant")),
    )
}


def install_fastify() -> bool:
    """Install the locked packages of the Fastify server; return False without Node."""
    npm = shutil.which("npm")
    if not npm or not shutil.which("node"):
        return False
    if not (FASTIFY / "node_modules").is_dir():
        subprocess.run([npm, "ci", "--no-audit", "--no-fund", "--silent"], cwd=FASTIFY, check=True)
    return True


@contextmanager
def running(
    contender: Contender, environment: Mapping[str, str], *, workers: int = 1, cores: frozenset[int] | None = None
) -> Iterator[Server]:
    """Run a contender until the block ends, on the server's core if none are named.

    Raises NotStarted with the program's output if it does not become healthy.
    """
    port = free_port()
    command = list(contender.command(port, environment["DATABASE_URL"]))
    if workers > 1:
        command += ["--workers", str(workers)]
    with tempfile.TemporaryFile() as output:
        with on_cores(cores or SERVER_CORES):
            process = subprocess.Popen(
                command,
                env={**os.environ, **NO_BOUNDS, **environment, "PORT": str(port)},
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            if not becomes_healthy(port, process, contender.health):
                output.seek(0)
                raise NotStarted(f"{contender.name} does not become healthy:\n{output.read().decode()}")
            yield Server(contender.name, port, process.pid)
        finally:
            process.terminate()
            process.wait(_PATIENCE_SECONDS)


def becomes_healthy(port: int, process: subprocess.Popen[bytes], health: str) -> bool:
    """Wait for the first response to the health check; return False when the process ends or takes too long."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        connection = HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_SECONDS)
        try:
            connection.request("GET", health)
            if connection.getresponse().status == HTTPStatus.OK:
                return True
        except (OSError, HTTPException):
            time.sleep(0.005)
        finally:
            connection.close()
    return False


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as attempt:
        attempt.bind(("127.0.0.1", 0))
        port: int = attempt.getsockname()[1]
        return port


def _cores() -> list[int]:
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


# The server has one core alone; the load driver and the database share the others.
ALL_CORES = frozenset(_cores())
SERVER_CORES = frozenset(_cores()[:1])
OTHER_CORES = frozenset(_cores()[1:]) or SERVER_CORES


@contextmanager
def on_cores(cores: frozenset[int]) -> Iterator[None]:
    """Start processes in this block on these cores only, if the system supports it."""
    with pinned(0, cores):
        yield


@contextmanager
def pinned(pid: int, cores: frozenset[int]) -> Iterator[None]:
    """Restrict a process (0 for this one) and the processes it starts in this block to these cores."""
    if not cores:
        yield
        return
    before = os.sched_getaffinity(pid)
    os.sched_setaffinity(pid, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(pid, before)
