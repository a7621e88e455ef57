"""The documented way to test a custom adapter works."""

import subprocess
import sys
from pathlib import Path

from tests.documents import code_block

MY_STORE = """
from pathlib import Path

from todo_adapters.in_memory import InMemoryTaskRepository
from todo_domain import Quotas


class MyTaskRepository(InMemoryTaskRepository):
    stores: dict[Path, dict[str, object]] = {}

    def __init__(self, path: Path, quotas: Quotas) -> None:
        super().__init__()
        self.__dict__ = self.stores.setdefault(path, self.__dict__)
        self.quotas = quotas
"""


def test_the_documented_test_of_an_adapter_runs_the_kit(tmp_path: Path) -> None:
    (tmp_path / "my_store.py").write_text(MY_STORE)
    (tmp_path / "test_my_store.py").write_text(code_block("docs/embedding/adapter.md", "example: own adapter"))

    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "not any_sequence"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stdout
    assert " passed" in run.stdout
    assert " failed" not in run.stdout
