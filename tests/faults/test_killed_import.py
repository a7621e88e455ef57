"""A `kill -9` during `todo-api import`: what was written stays, and the repetition adds the rest."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.documents import ROOT

_COUNT = 450
_KILLED_IN_THE_THIRD_PART = f"""
import os, sys
from todo_domain import import_use_cases as imports

add = imports.ImportUseCases._add
written = []

async def add_or_die(self, batch, *, dry_run=False):
    if not dry_run:
        written.append(batch)
        if len(written) == 3:
            os.kill(os.getpid(), {int(signal.SIGKILL)})
    return await add(self, batch, dry_run=dry_run)

imports.ImportUseCases._add = add_or_die
from todo_api.cli.start import main
main()
"""


def test_an_import_that_was_killed_is_completed_by_the_same_command(tmp_path: Path) -> None:
    file = tmp_path / "tasks.csv"
    # Equal rows are different tasks, so a task that is added twice would not be noticed by its title.
    file.write_text("TYPE,CONTENT\n" + "task,the same\n" * _COUNT)
    arguments = ("import", "--user", "alice", "--database", str(tmp_path / "tasks.db"), str(file))
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}

    def run(*program: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *program, *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    killed = run("-c", _KILLED_IN_THE_THIRD_PART)
    completed, repeated = (run("-c", "from todo_api.cli.start import main; main()") for _ in range(2))

    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert completed.stdout == "250 tasks and projects were added, 200 were there already\n"
    assert repeated.stdout == f"0 tasks and projects were added, {_COUNT} were there already\n"
