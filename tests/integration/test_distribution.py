"""The wheel without extras has the domain and the in-memory adapter, and no dependencies."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documents import ROOT, code_block


def _run(*command: str | Path, cwd: Path = ROOT) -> str:
    environment = {**os.environ, "UV_PYTHON": sys.executable}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a virtual environment with only the wheel, created as documented."""
    uv = os.environ.get("UV") or shutil.which("uv")
    assert uv, "The wheel is built with uv."
    clone = tmp_path_factory.mktemp("clone")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, clone)
    shutil.copytree(ROOT / "src", clone / "src", ignore=shutil.ignore_patterns("__pycache__"))
    (clone / ".uv" / "bin").mkdir(parents=True)
    (clone / ".uv" / "bin" / "uv").symlink_to(uv)
    _run("bash", "-euo", "pipefail", "-c", code_block("docs/embedding/domain.md", "wheel"), cwd=clone)
    return clone / "my-service" / "bin" / "python"


def test_nothing_else_is_installed(python: Path) -> None:
    program = "from importlib.metadata import distributions; print(*(found.name for found in distributions()))"

    installed = _run(python, "-I", "-c", program)

    assert installed.split() == ["todo-backend"]


def test_the_documented_embedding_runs(python: Path) -> None:
    program = code_block("docs/embedding/domain.md", "example: embedding")

    printed = _run(python, "-I", "-W", "error", "-c", program)

    assert printed == "[('Buy milk', True, 2)]\n"


def test_the_server_without_its_extra_prints_what_to_install(python: Path) -> None:
    started = subprocess.run([python.with_name("todo-api"), "serve"], capture_output=True, text=True, check=False)

    assert started.returncode == 1
    assert started.stderr == (
        "todo-api: the package typer is missing: install todo-backend[api], not todo-backend alone\n"
    )
