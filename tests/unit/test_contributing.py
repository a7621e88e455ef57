"""Locked packages, and one list of Python versions for contributors and CI."""

import json
import re
import tomllib
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_PROJECT = tomllib.loads((_ROOT / "pyproject.toml").read_text())
_LOCKS = sorted((_ROOT / "requirements").glob("*.txt"))


@pytest.mark.parametrize("lock", _LOCKS, ids=lambda path: path.name)
def test_every_locked_package_has_one_version_and_hashes(lock: Path) -> None:
    requirements = re.split(r"\n(?=\S)", re.sub(r"^ *#.*\n", "", lock.read_text(), flags=re.MULTILINE))

    pinned = re.compile(r"[a-z0-9-]+==\S+( ; [^\\]+)?( \\\n    --hash=sha256:[0-9a-f]{64})+\s*")
    assert [requirement for requirement in requirements if not pinned.fullmatch(requirement)] == []


@pytest.mark.parametrize("lock", _LOCKS, ids=lambda path: path.name)
def test_a_lock_names_no_index(lock: Path) -> None:
    text = lock.read_text()

    assert "://" not in text
    assert "index-url" not in text


def test_ci_runs_on_every_python_version_that_the_package_names() -> None:
    prefix = "Programming Language :: Python :: "
    classifiers = [name.removeprefix(prefix) for name in _PROJECT["project"]["classifiers"] if name.startswith(prefix)]
    named = [version for version in classifiers if re.fullmatch(r"3\.\d+", version)]

    (matrix,) = re.findall(r"^ +python: (\[.*\])$", (_ROOT / ".github/workflows/ci.yml").read_text(), re.MULTILINE)

    assert re.findall(r"3\.\d+", matrix) == named
    assert _PROJECT["project"]["requires-python"] == f">={named[0]}"


def test_every_place_that_states_the_version_has_that_of_the_project() -> None:
    texts = {path: (_ROOT / path).read_text() for path in ("README.md", "CHANGELOG.md", "clients/typescript/README.md")}
    texts |= {str(path): path.read_text() for path in [*_ROOT.glob("docs/**/*.md"), *_ROOT.glob("deploy/**/*.yaml")]}
    pattern = re.compile(r"(?:This is version |todo_backend-|todo-client-|/todo-api:)(\d+\.\d+\.\d+)")
    stated = {(path, found) for path, text in texts.items() for found in pattern.findall(text)}
    for folder in ("clients/typescript", "examples/web", "examples/mcp"):
        lock = json.loads((_ROOT / folder / "package-lock.json").read_text())
        stated |= {(folder, json.loads((_ROOT / folder / "package.json").read_text())["version"])}
        stated |= {(folder, lock["version"]), (folder, lock["packages"][""]["version"])}
    (released, *_) = re.findall(r"^## \[(\d.*?)\] - \d{4}-\d\d-\d\d$", texts["CHANGELOG.md"], re.MULTILINE)

    version = _PROJECT["project"]["version"]
    assert {place for place in {*stated, ("CHANGELOG.md", released)} if place[1] != version} == set()
