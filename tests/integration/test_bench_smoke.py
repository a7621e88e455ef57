import json
import shutil
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[2]
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
