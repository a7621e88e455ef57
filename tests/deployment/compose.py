"""Run the services of deploy/compose.yaml as processes on loopback, without containers.

The API is the replayed image, and can't write to the file system. Caddy, Node and PostgreSQL are
those of this machine.
"""

import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import httpx
import yaml

from tests.deployment.containerfile import ROOT, Image, replay
from tests.faults.rolling import wait_until_ready
from tests.integration.proxies import free_port
from tests.postgres import LocalPostgres, running_postgres

DEPLOY: Final = ROOT / "deploy"
SECRETS: Final = {
    "POSTGRES_PASSWORD": "postgres",
    "TODO_PASSWORD": "todo",
    "AUTH_PASSWORD": "auth",
    "AUTH_SECRET": "a secret of the rehearsal, longer than 32 bytes",
}
_READ_ONLY: Final = 'mount -o remount,bind,ro / && exec "$@"'
_LONG: Final = 60.0
_CADDY: Final = """
{{
    admin off
    default_bind 127.0.0.1
    auto_https disable_redirects
    skip_install_trust
}}
import {file}
"""


class Compose:
    """The file, and the addresses of its services on this machine."""

    def __init__(self, postgres: LocalPostgres) -> None:
        self.services: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
        self.api, self.auth, self.site = free_port(), free_port(), f"localhost:{free_port()}"
        self._here = {
            "@postgres/": f"@127.0.0.1:{postgres.environment['PGPORT']}/",
            "172.28.77.2": "127.0.0.1",
            "auth:3000": f"127.0.0.1:{self.auth}",
            "api:8000": f"127.0.0.1:{self.api}",
        }

    def environment(self, service: str) -> dict[str, str]:
        """Return the environment of a service, as it is on this machine."""
        variables = {**SECRETS, "SITE": self.site}
        values = {name: str(value) for name, value in self.services[service]["environment"].items()}
        for name, value in values.items():
            text = re.sub(r"\$\{(\w+)[^}]*\}", lambda found: variables[found[1]], value)
            for there, here in self._here.items():
                text = text.replace(there, here)
            values[name] = text
        return values


@contextmanager
def process(command: list[str], environment: dict[str, str], directory: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a program until the block ends."""
    running = subprocess.Popen(command, env=environment, cwd=directory)
    try:
        yield running
    finally:
        running.terminate()
        running.wait(_LONG)


def read_only(image: Image, *command: str) -> list[str]:
    """Return a command that runs a program of the image and can't write to the root of the file system."""
    program = shutil.which(command[0], path=image.environment["PATH"])
    return ["unshare", "--mount", "sh", "-c", _READ_ONLY, "sh", str(program), *command[1:]]


def until_served(url: str, trusted: ssl.SSLContext | None) -> httpx.Response:
    """Wait until a URL is served, and return the response."""
    deadline = time.monotonic() + _LONG
    while True:
        try:
            return httpx.get(url, verify=trusted or True, timeout=_LONG)
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def use(site: str, trusted: ssl.SSLContext) -> None:
    """Sign up, fetch a token, and create a task, as the page does."""
    with httpx.Client(base_url=site, verify=trusted, headers={"Origin": site}, timeout=_LONG) as client:
        account = {"name": "Alice", "email": "alice@example.org", "password": "long enough"}
        user = client.post("/api/auth/sign-up/email", json=account).raise_for_status().json()["user"]["id"]
        token = client.get("/api/auth/token").raise_for_status().json()["token"]
        address = client.get("/config.json").raise_for_status().json()["apiUrl"]
        headers = {"Authorization": f"Bearer {token}"}
        created = client.post(f"{address}/api/{user}/tasks", json={"title": "Buy milk"}, headers=headers)
        assert created.status_code == 201, created.text
        assert created.headers["Strict-Transport-Security"]
        client.get("/").raise_for_status()
        client.get(f"{address}/docs").raise_for_status()


def rehearse(home: Path, image: Image, postgres: LocalPostgres) -> None:
    """Start the services in their order, use them, and stop the API."""
    compose = Compose(postgres)
    databases = postgres.environment | compose.environment("postgres")
    subprocess.run([DEPLOY / "databases.sh"], env=databases, check=True)
    directory = image.path(".")
    here = {"TODO_HOST": "127.0.0.1", "TODO_PORT": str(compose.api)}
    environment = image.environment | compose.environment("api") | here
    migrate = compose.services["migrate"]["command"]
    subprocess.run(read_only(image, *image.entrypoint, *migrate), env=environment, cwd=directory, check=True)
    with ExitStack() as stack:
        api = stack.enter_context(process(read_only(image, *image.entrypoint, "serve"), environment, directory))
        auth = os.environ | compose.environment("auth") | {"PORT": str(compose.auth)}
        example = ROOT / "examples" / "web"
        stack.enter_context(process([str(example / "node_modules/.bin/tsx"), "server/serve.ts"], auth, example))
        (home / "Caddyfile").write_text(_CADDY.format(file=DEPLOY / "Caddyfile"))
        caddy = os.environ | compose.environment("caddy") | {"HOME": str(home), "XDG_DATA_HOME": str(home)}
        command = ["caddy", "run", "--adapter", "caddyfile", "--config", str(home / "Caddyfile")]
        stack.enter_context(process(command, caddy, home))

        until_served(f"http://127.0.0.1:{compose.auth}", None)
        wait_until_ready(f"http://127.0.0.1:{compose.api}")
        subprocess.run(read_only(image, *image.health), env=environment, cwd=directory, check=True)
        root = home / "caddy/pki/authorities/local/root.crt"
        while not root.exists():
            time.sleep(0.05)
        trusted = ssl.create_default_context(cafile=str(root))
        until_served(f"https://{compose.site}/todo/health", trusted)
        use(f"https://{compose.site}", trusted)
        api.send_signal(signal.SIGTERM)
        assert api.wait(_LONG) == 0


def main() -> None:
    """Replay the image of the API, and run the services."""
    with TemporaryDirectory() as folder, running_postgres() as postgres:
        home = Path(folder)
        (home / "image").mkdir()
        image = replay(DEPLOY / "Containerfile", home / "image")
        rehearse(home, image, postgres)
    sys.stdout.write("the image was replayed, and the services of compose.yaml work as processes\n")


if __name__ == "__main__":
    main()
