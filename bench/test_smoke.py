"""The benchmarks start, and measure every server. `pytest bench` runs this; it is no part of the test command."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[1]
_FILES = {"results.json", "table.md", "throughput.svg", "cpu.svg", "latency.svg"}


def test_the_benchmark_measures_every_available_server(tmp_path: Path) -> None:
    expected = {"ours", "ours-sqlite", "floor", "tutorial", "pocketbase", "constant"}
    if shutil.which("node") and shutil.which("npm"):
        expected.add("fastify")

    done = subprocess.run(
        [sys.executable, "-m", "bench", "--smoke", "--output", str(tmp_path), "--parts", "load"],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "results.json").read_text())
    assert {record["server"] for record in results["load"] if record["responses"]} == expected
    assert {path.name for path in tmp_path.iterdir()} == _FILES


@pytest.mark.parametrize(
    ("module", "options"),
    [
        ("abuse", ["--only", "tags", "--servers", "ours-sqlite", "--tasks", "100"]),
        ("faults", ["--only", "full-disk", "--databases", "sqlite"]),
    ],
)
def test_the_benchmark_of_abuse_and_that_of_faults_print_a_row_for_each(module: str, options: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"bench.{module}", "--seconds", "0.1", *options],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "met" in next(line for line in done.stdout.splitlines() if line.startswith(options[1]))


def test_the_benchmark_of_growing_lists_writes_a_table_and_a_plot(tmp_path: Path) -> None:
    options = ["--databases", "SQLite", "--sizes", "1000", "--requests", "1", "--output", str(tmp_path)]

    done = subprocess.run(
        [sys.executable, "-m", "bench.growth", *options],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"open-tasks.md", "open-tasks.svg"}
