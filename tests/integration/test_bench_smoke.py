import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[2]
_FILES = {"results.json", "table.md", "throughput.svg", "cpu.svg", "latency.svg"}


def _bench(output: Path, *options: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--smoke", "--output", str(output), *options],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    results: dict[str, Any] = json.loads((output / "results.json").read_text())
    return results


def test_the_benchmark_drives_every_server_that_this_machine_can_run(tmp_path: Path) -> None:
    expected = {"ours", "ours-sqlite", "floor", "tutorial", "constant"}
    if shutil.which("node") and shutil.which("npm"):
        expected.add("fastify")

    results = _bench(tmp_path, "--parts", "load")

    assert {record["server"] for record in results["load"] if record["answers"]} == expected
    assert {path.name for path in tmp_path.iterdir()} == _FILES


def test_every_other_part_of_the_benchmark_measures_our_server(tmp_path: Path) -> None:
    expected = {"wire": 1, "growth": 2, "delay": 1, "workers": 2, "startup": 1}

    results = _bench(tmp_path, "--servers", "ours", "--parts", *expected)

    assert {part: len(results[part]) for part in expected} == expected
