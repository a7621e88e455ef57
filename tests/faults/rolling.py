"""Two servers behind a proxy that are restarted one after the other, under load.

`python -m tests.faults.rolling` does it six times behind haproxy and nginx.
"""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import httpx

from tests.integration.cli.test_serve import Process
from tests.integration.proxies import free_port, running_proxy
from tests.integration.server import new_user, token_of
from tests.postgres import running_postgres
from tests.tokens import SECRET
from todo_adapters.sql.migrations import upgrade

DRAIN_SECONDS: Final = 1.0
CLIENTS: Final = 8
LONG: Final = 60.0

HAPROXY: Final = """
global
    maxconn 200
defaults
    mode http
    timeout connect 2s
    timeout client 30s
    timeout server 30s
    timeout check 10s
frontend clients
    bind 127.0.0.1:{port}
    default_backend servers
backend servers
    option httpchk GET /health/ready
    option redispatch 1
    default-server check inter 100ms fall 1 rise 1
    server a 127.0.0.1:{a}
    server b 127.0.0.1:{b}
"""
NGINX: Final = """
    upstream servers {{
        server 127.0.0.1:{a} max_fails=0;
        server 127.0.0.1:{b} max_fails=0;
        keepalive 16;
    }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://servers;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }}
    }}
"""


@contextmanager
def proxy(kind: str, directory: Path, a: int, b: int) -> Iterator[str]:
    """Run `haproxy` or `nginx` before two servers, and yield its URL."""
    port = free_port()
    configuration = (HAPROXY if kind == "haproxy" else NGINX).format(port=port, a=a, b=b)
    with running_proxy(kind, directory, configuration, port):
        wait_until_ready(f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"


def wait_until_ready(url: str) -> None:
    """Wait until a server, or a proxy before it, is ready."""
    deadline = time.monotonic() + LONG
    while True:
        assert time.monotonic() < deadline, url
        try:
            if httpx.get(f"{url}/health/ready", timeout=LONG).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.02)


@dataclass
class Load:
    """Clients that create and read tasks until they are stopped, with a pause after each response."""

    url: str
    pause_seconds: float
    responses: int = 0
    failures: list[str] = field(default_factory=list)
    _is_over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run the clients."""
        threads = [threading.Thread(target=self._run) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._is_over.set()
            for thread in threads:
                thread.join()

    def _run(self) -> None:
        user = new_user()
        headers = {"Authorization": f"Bearer {token_of(user)}"}
        with httpx.Client(base_url=f"{self.url}/api/{user}", headers=headers, timeout=LONG) as client:
            while not self._is_over.is_set():
                for method, path, body in (("POST", "/tasks", {"title": "a"}), ("GET", "/tasks/1", None)):
                    try:
                        status = client.request(method, path, json=body).status_code
                    except httpx.TransportError as error:
                        self.failures.append(f"{method}: {error!r}")
                        continue
                    self.responses += 1
                    if status not in {200, 201}:
                        self.failures.append(f"{method}: {status}")
                    time.sleep(self.pause_seconds)


def start(home: Path, database_url: str, port: int) -> Process:
    """Start one of the servers, which is not ready yet."""
    home.mkdir(exist_ok=True)
    return Process(
        home,
        "--port",
        str(port),
        DATABASE_URL=database_url,
        BETTER_AUTH_SECRET=SECRET,
        TODO_DRAIN_SECONDS=str(DRAIN_SECONDS),
    )


def restart_in_turn(kind: str, home: Path, database_url: str, *, restarts: int, pause_seconds: float = 0) -> Load:
    """Restart two servers behind a proxy in turn, under load, and return what the clients saw."""
    ports = [free_port(), free_port()]
    with ExitStack() as stack:
        processes = [start(home / str(port), database_url, port) for port in ports]
        stack.callback(lambda: list(map(Process.kill, processes)))
        for port in ports:
            wait_until_ready(f"http://127.0.0.1:{port}")
        load = Load(stack.enter_context(proxy(kind, home, *ports)), pause_seconds)
        with load.running():
            for restart in range(restarts):
                place = restart % 2
                assert processes[place].end() == 0
                processes[place] = start(home / str(ports[place]), database_url, ports[place])
                wait_until_ready(f"http://127.0.0.1:{ports[place]}")
                time.sleep(0.5)  # until the checks of the proxy have seen it
        return load


def main() -> None:
    """Restart the servers six times behind each proxy, and print what the clients saw."""
    for kind in ("haproxy", "nginx"):
        with running_postgres() as postgres, TemporaryDirectory() as home:
            upgrade(postgres.url)
            load = restart_in_turn(kind, Path(home), postgres.url, restarts=6)
            sys.stdout.write(f"{kind}: {load.responses} responses, {len(load.failures)} failures {load.failures[:5]}\n")


if __name__ == "__main__":
    main()
