"""Real proxies before the server: nginx and haproxy, from Debian's packages."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_LONG: Final = 30.0
_NGINX: Final = """
daemon off;
worker_processes 1;
{user}
pid {directory}/pid;
error_log stderr;
events {{ worker_connections 256; }}
http {{
    access_log {directory}/access;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
{http}
}}
"""


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def path_of_proxy(kind: str) -> str | None:
    """Return the path of `haproxy` or `nginx`, or None if it is not installed."""
    return shutil.which(kind, path=f"{os.environ['PATH']}:/usr/sbin")


def may_skip(kind: str) -> bool:
    """Return whether the proxy is missing and may be: `.ci/run` installs it, so there a missing one is a failure."""
    return "CI" not in os.environ and path_of_proxy(kind) is None


@contextmanager
def running_proxy(kind: str, directory: Path, configuration: str, port: int) -> Iterator[None]:
    """Run a proxy until the block ends, and wait until it listens on the port.

    The configuration of nginx is what its block `http` contains besides the paths of temporary files.
    """
    program = path_of_proxy(kind)
    assert program, f"{kind} is not installed"
    file, log = directory / f"{kind}.conf", directory / "log"
    if kind == "nginx":
        user = "user root;" if os.geteuid() == 0 else ""
        file.write_text(_NGINX.format(user=user, directory=directory, http=configuration))
        arguments = ["-c", str(file), "-p", str(directory), "-e", "stderr"]
    else:
        file.write_text(configuration)
        arguments = ["-db", "-f", str(file)]
    with log.open("wb") as output:
        process = subprocess.Popen([program, *arguments], stdout=output, stderr=output)
    try:
        _wait_for(port, process, log)
        yield
    finally:
        process.terminate()
        process.wait(_LONG)


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _LONG
    while True:
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except ConnectionRefusedError:
            time.sleep(0.02)
        else:
            return
