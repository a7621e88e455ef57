"""Schemathesis, with all its checks, finds no response that contradicts the OpenAPI document."""

import os
import subprocess
import sys
from pathlib import Path

from tests.documents import ROOT
from tests.integration.server import new_user, running_server, settings_for, token_of
from todo_api.container import Container


def test_schemathesis_finds_no_fault(tmp_path: Path) -> None:
    user = new_user()
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "USER_ID": user, "TOKEN": token_of(user)}
    with running_server(Container(settings=settings_for(tmp_path / "tasks.sqlite3")), finish_seconds=0.5) as server:
        with server.client(user) as client:
            for _ in range(3):
                client.post("/tasks", json={"title": "an event for every stream"})

        run = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "--config-file", "tests/conformance/schemathesis.toml"),
                *("run", f"{server.url}/openapi.json", "--checks", "all"),
            ],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    assert run.returncode == 0, run.stdout + run.stderr
    assert "Tested: 28" in run.stdout
