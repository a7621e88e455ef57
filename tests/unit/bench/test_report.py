from pathlib import Path
from typing import Any

import pytest
from bench import report

_ROOT = Path(__file__).parents[3]


@pytest.fixture
def results() -> dict[str, Any]:
    """The results of one run of 100 ms on one server."""
    seen = {"throughput": 2000.0, "cpu": 300.0, "p50": 1.0, "p95": 2.0, "p99": 3.0, "driver_busy": 0.2}
    about = {"server": "ours", "token": "HS256", "operation": "get", "connections": 32, "run": 0}
    machine = {"processor": "one", "cores": "2", "date": "2026-11-22"}
    return {"machine": machine, "runs": 1, "seconds": 0.1, "missing": [], "load": [about | seen]}


def test_a_run_keeps_its_records_its_table_and_its_plots(tmp_path: Path, results: dict[str, Any]) -> None:
    report.write(results, tmp_path / "run")

    written = {path.name for path in (tmp_path / "run").iterdir()}
    assert written == {"results.json", "table.md", "throughput.svg", "cpu.svg", "latency.svg"}


def test_records_are_not_published(tmp_path: Path, results: dict[str, Any]) -> None:
    published = tmp_path / "published"
    published.mkdir()

    report.write(results, tmp_path / "run", published)

    assert {path.name for path in published.iterdir()} == {"table.md", "throughput.svg", "cpu.svg", "latency.svg"}


def test_the_repository_has_no_records() -> None:
    published = {path.suffix for path in (_ROOT / "docs" / "benchmark").iterdir()}

    assert published == {".md", ".svg"}
    assert "bench/results/" in (_ROOT / ".gitignore").read_text().splitlines()
