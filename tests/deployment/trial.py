"""A trial of a deployment: load, a rolling upgrade, a backup and a restore. `deploy/try` runs it.

PostgreSQL, two servers of two workers each, and haproxy run on loopback. The metrics of the
servers are scraped during the load.
"""

import argparse
import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import httpx
import psutil
from bench.contenders import NO_BOUNDS, todo_api
from bench.driver import Job, drive
from bench.load import Creates
from bench.tokens import Issuer, issuer
from bench.workload import http_request

from tests.faults.rolling import proxy, wait_until_ready
from tests.integration.cli.test_serve import Process, clean_environment
from tests.integration.proxies import free_port, path_of_proxy
from tests.postgres import LocalPostgres, running_postgres
from tests.scrapes import scraped

SERVERS: Final = 2
WORKERS: Final = 2
CLIENTS: Final = 16
DRAIN_SECONDS: Final = 1
TASKS: Final = 20
_SEEN_SECONDS: Final = 0.5
"""How long the checks of the proxy need to see a server."""
_DEADLINE_SECONDS: Final = 30.0
_PAUSE_SECONDS: Final = 0.05
_SCRAPE_SECONDS: Final = 1.0
_REQUESTS: Final = "todo_http_requests_total"


@dataclass
class Step:
    """A row of the table."""

    name: str
    seconds: float = 0.0
    requests: int = 0
    failed: int = 0
    result: str = ""


@dataclass
class Deployment:
    """The servers of one database, in a folder for their files."""

    home: Path
    database_url: str
    tokens: Issuer
    ports: Sequence[int] = field(default_factory=lambda: [free_port() for _ in range(SERVERS)])
    metrics_ports: dict[int, int] = field(default_factory=dict)
    servers: dict[int, Process] = field(default_factory=dict)

    @property
    def _settings(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self.database_url,
            "TODO_WORKERS": str(WORKERS),
            "TODO_DRAIN_SECONDS": str(DRAIN_SECONDS),
            **NO_BOUNDS,
            **self.tokens.environment,
        }

    def command(self, *arguments: str) -> None:
        """Run a command of the program with the settings of the servers."""
        environment = clean_environment(self.home) | self._settings
        subprocess.run(todo_api(*arguments), cwd=self.home, env=environment, stdout=subprocess.DEVNULL, check=True)

    def start(self, ports: Sequence[int]) -> None:
        """Start the servers of these ports, and wait until they are ready."""
        for port in ports:
            home = self.home / str(port)
            home.mkdir(exist_ok=True)
            self.metrics_ports[port] = metrics = free_port()
            self.servers[port] = Process(home, "--port", str(port), **self._settings, TODO_METRICS_PORT=str(metrics))
        for port in ports:
            wait_until_ready(f"http://127.0.0.1:{port}")

    def upgrade(self) -> None:
        """Migrate the database, and restart one server after the other, as with a new version."""
        self.command("migrate")
        for port in self.ports:
            if self.servers[port].end() != 0:
                raise RuntimeError(self.servers[port].output)
            self.start([port])
            time.sleep(_SEEN_SECONDS)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run the servers."""
        try:
            self.start(self.ports)
            yield
        finally:
            for server in self.servers.values():
                server.kill()

    def counted(self) -> float:
        """Scrape the servers, and return how many requests they have counted."""
        scrapes = [scraped(f"http://127.0.0.1:{port}/metrics") for port in self.metrics_ports.values()]
        return sum(number for values in scrapes for (name, _), number in values.items() if name == _REQUESTS)

    def memory_mib(self) -> float:
        """Return the memory of one server: its parent process and its workers, with shared pages counted once."""
        server = psutil.Process(self.servers[self.ports[0]].pid)
        family = [server, *server.children(recursive=True)]
        return float(sum(process.memory_full_info().pss for process in family)) / 2**20


def fill(url: str, tokens: Issuer, users: Sequence[str]) -> None:
    """Create the tasks of the users."""
    operations = [{"op": "create", "task": {"title": f"Task {number}"}} for number in range(TASKS)]
    with httpx.Client(base_url=f"{url}/api", timeout=_DEADLINE_SECONDS) as client:
        for user in users:
            client.headers["Authorization"] = f"Bearer {tokens.token(user)}"
            client.post(f"/{user}/tasks/batch", json={"operations": operations}).raise_for_status()


def requests_of(user: str, token: str) -> list[str]:
    """Return what a client sends again and again: seven reads and a write."""
    tasks = f"/api/{user}/tasks"
    reads = [http_request("GET", f"{tasks}?limit={TASKS}", token), http_request("GET", f"{tasks}/1", token)]
    writes = [http_request("PATCH", f"{tasks}/1", token, {"complete": complete}) for complete in (True, False)]
    return [*reads * 3, reads[0], writes[0], *reads * 3, reads[1], writes[1]]


@contextmanager
def scraping(deployment: Deployment) -> Iterator[list[float]]:
    """Scrape the servers every second, and yield what they counted each time."""
    counted: list[float] = []
    is_over = threading.Event()

    def scrape() -> None:
        while not is_over.wait(_SCRAPE_SECONDS):
            counted.append(deployment.counted())

    thread = threading.Thread(target=scrape)
    thread.start()
    try:
        yield counted
    finally:
        is_over.set()
        thread.join()


def load(deployment: Deployment, url: str, seconds: float) -> list[Step]:
    """Measure the servers under load, where any failed request raises UnexpectedResponse, and scrape them."""
    users = [f"reader-{number}" for number in range(CLIENTS)]
    fill(url, deployment.tokens, users)
    requests = [requests_of(user, deployment.tokens.token(user)) for user in users]
    pid = deployment.servers[deployment.ports[0]].pid
    job = Job(httpx.URL(url).port or 0, requests, 200, pid, seconds=seconds, warmup_seconds=seconds / 20)
    with scraping(deployment) as counted:
        measured = drive(job)
    time.sleep(2 * _SCRAPE_SECONDS)  # until the workers have written their last values
    total = deployment.counted()
    result = (
        f"{measured.throughput:,.0f} requests/s, p50 {measured.p50:.1f} ms, p99 {measured.p99:.1f} ms, "
        f"{deployment.memory_mib():.0f} MiB per server"
    )
    is_wrong = counted != sorted(counted) or total < measured.responses
    scrapes = f"{len(counted)} times under load; then {total:,.0f} requests are counted, health checks included"
    return [Step("load", seconds, measured.responses, 0, result), Step("scrape", 0, 0, int(is_wrong), scrapes)]


async def change(
    deployment: Deployment, postgres: LocalPostgres, url: str, backup: Path
) -> tuple[list[Step], dict[str, list[str]]]:
    """Upgrade and back up while clients create tasks; return also the titles acknowledged before the backup began."""
    creates = Creates(httpx.URL(url).port or 0, deployment.tokens, _DEADLINE_SECONDS, _PAUSE_SECONDS)
    steps: list[Step] = []

    def step(name: str, begun: float, result: str) -> None:
        responses, failed = creates.statuses.total(), creates.statuses.total() - creates.statuses[201]
        before = sum(each.requests for each in steps), sum(each.failed for each in steps)
        steps.append(Step(name, time.monotonic() - begun, responses - before[0], failed - before[1], result))

    async with asyncio.TaskGroup() as group:
        group.create_task(creates.run(CLIENTS))
        begun = time.monotonic()
        await asyncio.to_thread(deployment.upgrade)
        step("rolling upgrade", begun, f"{SERVERS} servers, the longest request {creates.longest * 1000:.0f} ms")
        acknowledged = {user: list(titles) for user, titles in creates.acknowledged.items()}
        begun = time.monotonic()
        command = ["pg_dump", "--format=custom", f"--file={backup}", deployment.database_url]
        await asyncio.to_thread(subprocess.run, command, env=postgres.environment, check=True)
        step("backup", begun, "pg_dump")
        creates.end()
    lost, duplicated = await creates.lost_and_duplicated()
    steps[-1].failed += lost + duplicated
    return steps, acknowledged


def changes(url: str, tokens: Issuer, **parameters: str) -> httpx.Response:
    """Read the change feed of a client that created tasks."""
    headers = {"Authorization": f"Bearer {tokens.token('client-0')}"}
    return httpx.get(f"{url}/api/client-0/changes", params=parameters, headers=headers, timeout=_DEADLINE_SECONDS)


def restore(
    deployment: Deployment, postgres: LocalPostgres, backup: Path, url: str, acknowledged: dict[str, list[str]]
) -> Step:
    """Restore the backup into a new database, renew the epoch, and compare what a server on it returns."""
    token = changes(url, deployment.tokens).json()["next"]
    begun = time.monotonic()
    with postgres.database() as database_url:
        command = ["pg_restore", "--no-owner", "--exit-on-error", f"--dbname={database_url}", str(backup)]
        subprocess.run(command, env=postgres.environment, check=True)
        restored = Deployment(deployment.home, database_url, deployment.tokens, [free_port()])
        restored.command("epoch", "--renew")
        with restored.running():
            seconds = time.monotonic() - begun
            creates = Creates(restored.ports[0], deployment.tokens, _DEADLINE_SECONDS, acknowledged=acknowledged)
            lost, duplicated = asyncio.run(creates.lost_and_duplicated())
            status = changes(f"http://127.0.0.1:{restored.ports[0]}", deployment.tokens, since=token).status_code
    result = (
        f"of {sum(map(len, acknowledged.values())):,} creates acknowledged before the backup, {lost} are missing; "
        f"a client with an old token gets {status}"
    )
    return Step("restore", seconds, 0, lost + duplicated + (status != 410), result)


def trial(load_seconds: float) -> list[Step]:
    """Run all steps."""
    with issuer("HS256") as tokens, running_postgres(durable=True) as postgres, TemporaryDirectory() as folder:
        home = Path(folder)
        begun = time.monotonic()
        with postgres.database() as database_url:
            deployment = Deployment(home, database_url, tokens)
            deployment.command("migrate")
            with deployment.running(), proxy("haproxy", home, *deployment.ports) as url:
                steps = [Step("start", time.monotonic() - begun, result=f"{SERVERS} servers of {WORKERS} workers")]
                steps += load(deployment, url, load_seconds)
                backup = home / "backup"
                changed, acknowledged = asyncio.run(change(deployment, postgres, url, backup))
                steps += [*changed, restore(deployment, postgres, backup, url, acknowledged)]
    return steps


def main() -> int:
    """Print the table, and return 0 if nothing failed."""
    parser = argparse.ArgumentParser(
        prog="deploy/try", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--short", action="store_true", help="run the load for 3 seconds instead of 60")
    short = parser.parse_args().short
    if not path_of_proxy("haproxy"):
        sys.exit("deploy/try: haproxy is not installed")
    steps = trial(3 if short else 60)
    sys.stdout.write(f"{'step':<16}{'seconds':>8}{'requests':>10}{'failed':>8}  result\n")
    for step in steps:
        sys.stdout.write(f"{step.name:<16}{step.seconds:>8.1f}{step.requests:>10,}{step.failed:>8}  {step.result}\n")
    return int(any(step.failed for step in steps))


if __name__ == "__main__":
    sys.exit(main())
