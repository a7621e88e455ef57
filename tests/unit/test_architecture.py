"""Dependencies point inwards: adapters to the domain, the server to both, the domain to nothing."""

import ast
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_SOURCES = _ROOT / "src"
_CONTRACTS = tomllib.loads((_ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]

_PLANTED = [
    ("todo_domain/task.py", "import todo_adapters.in_memory", "Dependencies point to the domain"),
    ("todo_adapters/in_memory/repository.py", "import todo_api", "Dependencies point to the domain"),
    ("todo_mcp/calls.py", "import todo_adapters.in_memory", "Dependencies point to the domain"),
    ("todo_mcp/calls.py", "import todo_api", "Dependencies point to the domain"),
    ("todo_domain/task.py", "import todo_mcp", "Dependencies point to the domain"),
    (
        "todo_api/routes/tasks.py",
        "import todo_mcp.tools",
        "Only the container and its route know MCP",
    ),
    ("todo_adapters/in_memory/repository.py", "import todo_adapters.system_clock", "Adapters do not know each other"),
    ("todo_adapters/unlisted.py", "", "Adapters do not know each other"),
    ("todo_adapters/sql/sqlite/file.py", "import todo_adapters.sql.postgres", "The databases do not know each other"),
    (
        "todo_adapters/sql/postgres/driver/pool.py",
        "import todo_adapters.sql.tables",
        "The PostgreSQL driver does not know tasks",
    ),
    ("todo_api/anywhere.py", "import todo_adapters.in_memory", "Only the container knows adapters"),
    ("todo_api/app.py", "import todo_api.tracing", "Only the container knows OpenTelemetry"),
    ("todo_api/app.py", "import todo_api.cli.options", "Nothing knows the command line"),
    ("todo_api/http/problems.py", "import todo_api.routes.tasks", "Only the app knows routes"),
    ("todo_api/middleware/errors.py", "import todo_api.routes.tasks", "Only the app knows routes"),
    ("todo_api/schemas/formats.py", "import todo_api.http.headers", "Schemas know only the domain"),
    ("todo_api/imports/report.py", "import todo_api.http.headers", "Imports know only schemas and the domain"),
]


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False)


def _lint_imports(sources: Path) -> subprocess.CompletedProcess[str]:
    """Check the contracts on the packages in this folder, which take precedence over the installed ones."""
    command = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return _run(sources, "-c", command, "--no-cache", "--config", str(_ROOT / "pyproject.toml"))


def test_the_contracts_cover_every_package() -> None:
    packages = {folder.name for folder in _SOURCES.iterdir()}

    assert packages == set(_CONTRACTS["root_packages"])


def test_imports_keep_the_contracts() -> None:
    linted = _lint_imports(_SOURCES)

    assert linted.returncode == 0, linted.stdout


@pytest.mark.parametrize(("module", "line", "contract"), _PLANTED)
def test_a_planted_import_breaks_its_contract(tmp_path: Path, module: str, line: str, contract: str) -> None:
    sources = shutil.copytree(_SOURCES, tmp_path / "src")
    with (sources / module).open("a") as planted:
        planted.write(f"\n{line}\n")

    linted = _lint_imports(sources)

    assert linted.returncode == 1
    assert f"{contract} BROKEN" in linted.stdout


def test_every_contract_has_a_test_that_breaks_it() -> None:
    broken = {contract for *_, contract in _PLANTED}

    assert broken == {contract["name"] for contract in _CONTRACTS["contracts"]}


def _imported(module: Path, *, at_start: bool = False) -> Iterator[str]:
    tree = ast.parse(module.read_text())
    for node in tree.body if at_start else ast.walk(tree):
        match node:
            case ast.Import(names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(name, _, level):
                yield name if name and not level else "todo_domain"


@pytest.mark.parametrize(
    "module",
    sorted((_SOURCES / "todo_domain").rglob("*.py")),
    ids=lambda path: path.relative_to(_SOURCES).as_posix(),
)
def test_a_module_of_the_domain_imports_only_the_standard_library(module: Path) -> None:
    packages = {name.partition(".")[0] for name in _imported(module)}

    assert packages <= sys.stdlib_module_names | {"todo_domain"}


def test_prometheus_client_is_imported_only_where_metrics_are_on() -> None:
    lazy = {"todo_api.server.metrics.files", "todo_api.server.metrics.listener"}

    importing = {
        ".".join(module.relative_to(_SOURCES).with_suffix("").parts)
        for module in _SOURCES.rglob("*.py")
        if any(name in lazy or name.startswith("prometheus_client") for name in _imported(module, at_start=True))
    }

    assert importing == lazy


def test_only_one_module_imports_the_sdk_for_assistants_and_none_imports_that_one_at_its_start() -> None:
    lazy = {"mcp", "todo_mcp.server", "todo_api.routes.mcp"}

    importing = {
        ".".join(module.relative_to(_SOURCES).with_suffix("").parts)
        for module in _SOURCES.rglob("*.py")
        if any(name in lazy or name.startswith("mcp.") for name in _imported(module, at_start=True))
    }

    assert importing == {"todo_mcp.server"}


def test_the_domain_runs_without_any_installed_package() -> None:
    program = f"import sys; sys.path.insert(0, {str(_SOURCES)!r}); import todo_domain; print(*sys.modules)"

    isolated = _run(_ROOT, "-I", "-S", "-c", program)

    assert isolated.returncode == 0, isolated.stderr
    packages = {name.partition(".")[0] for name in isolated.stdout.split()} - {"__main__"}
    foreign = packages - sys.stdlib_module_names
    # The standard library's module of build variables is named after the platform.
    assert {name for name in foreign if not name.startswith("_sysconfigdata")} == {"todo_domain"}
