"""A `kill -9` during `todo-api backup` and `restore`."""

import subprocess
import sys
from pathlib import Path

from tests.faults.killed_commands import OUTCOMES

_ROOT = Path(__file__).parents[2]
_STRIDE = "6"


def test_a_kill_of_a_backup_or_a_restore_leaves_the_old_or_the_new_file(tmp_path: Path) -> None:
    killed = subprocess.run(
        [sys.executable, "-m", "tests.faults.killed_commands", tmp_path, _STRIDE],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert killed.returncode == 0, killed.stderr
    assert tuple(dict.fromkeys(killed.stdout.splitlines())) == OUTCOMES
