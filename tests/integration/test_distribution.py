"""The wheel without extras is the domain and the in-memory adapter, and needs nothing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documents import ROOT, code_block


def _run(*command: str | Path) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a new virtual environment that has the wheel and nothing else."""
    uv = os.environ.get("UV") or shutil.which("uv")
    assert uv, "The wheel is built with uv."
    folder = tmp_path_factory.mktemp("distribution")
    python = folder / "venv" / "bin" / "python"
    _run(uv, "build", "--quiet", "--wheel", "--out-dir", folder)
    (wheel,) = folder.glob("*.whl")
    _run(uv, "venv", "--quiet", "--python", sys.executable, folder / "venv")
    _run(uv, "pip", "install", "--quiet", "--no-index", "--python", python, wheel)
    return python


def test_nothing_else_is_installed(python: Path) -> None:
    program = "from importlib.metadata import distributions; print(*(found.name for found in distributions()))"

    installed = _run(python, "-I", "-c", program)

    assert installed.split() == ["todo-backend"]


def test_the_printed_embedding_runs(python: Path) -> None:
    program = code_block("docs/architecture.md", "example: embedding")

    printed = _run(python, "-I", "-W", "error", "-c", program)

    assert printed == "[('Buy milk', True, 2)]\n"
