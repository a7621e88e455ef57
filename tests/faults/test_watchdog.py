"""The last deadline of a process that does not end."""

import subprocess
import sys
from pathlib import Path

from tests.documents import ROOT

HANG_AT_THE_END = """
import os, pathlib, signal, socket, sys, threading, time
import uvicorn
from tests.integration.server import LIMITS, settings_for
from todo_api.app import create_app
from todo_api.container import Container
from todo_api.server import uvicorn_server

class Hanging(uvicorn_server.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        os.kill(os.getpid(), signal.SIGTERM)

    async def shutdown(self, sockets=None):
        time.sleep(600)

uvicorn_server.END_SECONDS = 0.1
container = Container(settings=settings_for(pathlib.Path(sys.argv[1])))
Hanging(uvicorn.Config(create_app(container), log_config=None), LIMITS).run([socket.create_server(("127.0.0.1", 0))])
"""


def test_a_process_whose_event_loop_hangs_at_the_end_is_ended_with_a_failure(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", HANG_AT_THE_END, tmp_path / "tasks.sqlite3"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert ended.returncode == 1
    assert ended.stderr == "the process did not end in time\n"
