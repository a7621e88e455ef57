"""The sizes of the wheel and of its installations: `python -m tests.sizes` regenerates their table in the documents."""

import platform
import subprocess
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.documents import ROOT, with_generated_part

PAGE: Final = "docs/operating/packages.md"


def sizes_part() -> str:
    """Return the table: build the wheel, and install it without and with each extra."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    with TemporaryDirectory() as folder:
        _uv("build", "--wheel", "--out-dir", folder)
        (wheel,) = Path(folder).glob("*.whl")
        rows = [f"| the wheel | | {wheel.stat().st_size / 1e6:.1f} MB |"]
        for extra in ("", *project["optional-dependencies"]):
            target = Path(folder, f"with-{extra}")
            _uv("pip", "install", "--target", str(target), f"{wheel}[{extra}]" if extra else str(wheel))
            megabytes = sum(path.stat().st_size for path in target.rglob("*") if path.is_file()) / 1e6
            name = f"with `{extra}`" if extra else "without extras"
            rows.append(f"| {name} | {len(list(target.glob('*.dist-info')))} | {megabytes:.1f} MB |")
    machine = f"Python {'.'.join(platform.python_version_tuple()[:2])} on {platform.system()}, {platform.machine()}"
    return "\n".join(["", f"| {machine} | Packages | Size |", "|---|---|---|", *rows, "", ""])


def _uv(*arguments: str) -> None:
    subprocess.run(["uv", *arguments, "--quiet"], cwd=ROOT, check=True)


if __name__ == "__main__":
    (ROOT / PAGE).write_text(with_generated_part(PAGE, "sizes", sizes_part()), encoding="utf-8")
