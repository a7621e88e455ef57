"""Replay a Containerfile in an empty directory, without a container engine.

The absolute paths of the image are below this directory, and this machine replaces the base image.
`python -m tests.deployment.containerfile FILE DIRECTORY` does it.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
_PATH: Final = re.compile(r"(?<![\w./-])(?=/(?:app|build|data|opt)\b)")
_OF_BUILD: Final = "build"


@dataclass
class Image:
    """What a Containerfile describes."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    directory: str = "/"
    entrypoint: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)

    def path(self, name: str) -> Path:
        """Return where a file of the image is."""
        return self.root / os.path.normpath(os.path.join(self.directory, name)).lstrip("/")  # noqa: PTH118 - no file yet

    def here(self, text: str) -> str:
        """Return a text with the paths of this machine."""
        return _PATH.sub(str(self.root), text)


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """Return the instructions and their arguments."""
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for line in re.sub(r"\\\n\s*", "", lines).splitlines():
        if line:
            instruction, _, argument = line.partition(" ")
            yield instruction, argument


def is_sent(path: Path) -> bool:
    """Return whether `.dockerignore` lets a file of the repository through."""
    patterns = (ROOT / ".dockerignore").read_text().splitlines()
    wanted = [ROOT / pattern[1:] for pattern in patterns if pattern.startswith("!")]
    ignored = {pattern.removeprefix("**/") for pattern in patterns if pattern.startswith("**/")}
    return any(path.is_relative_to(each) for each in wanted) and not ignored & {*path.relative_to(ROOT).parts}


def replay(file: Path, root: Path) -> Image:
    """Run the instructions of a Containerfile in an empty directory."""
    base = root / ".base"
    subprocess.run([sys.executable, "-m", "venv", base], check=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_NO", "PIP_FIND", "PYTHON"))}
    kept |= {"PATH": f"{base}/bin:{os.environ['PATH']}", "PYTHONPYCACHEPREFIX": str(root / ".pycache")}
    image = Image(root)
    for instruction, argument in instructions(file.read_text()):
        if instruction == "FROM":
            image = Image(root, dict(kept))
        elif instruction == "COPY":
            _copy(image, shlex.split(argument))
        elif instruction == "RUN":
            command = ["/bin/sh", "-euc", image.here(argument)]
            subprocess.run(command, cwd=image.path("."), env=image.environment, check=True)
        else:
            _describe(image, instruction, argument)
    shutil.rmtree(root / _OF_BUILD)  # the last stage has only what it copied
    return image


def _describe(image: Image, instruction: str, argument: str) -> None:
    match instruction:
        case "WORKDIR":
            image.directory = str(Path(image.directory, argument))
            image.path(".").mkdir(parents=True, exist_ok=True)
        case "ENV":
            for name, value in (each.split("=", 1) for each in shlex.split(argument)):
                image.environment[name] = image.here(value).replace("$PATH", image.environment["PATH"])
        case "ENTRYPOINT":
            image.entrypoint = json.loads(argument)
        case "HEALTHCHECK":
            image.health = json.loads(argument.partition("CMD ")[2])
        case "ARG" | "CMD" | "EXPOSE" | "STOPSIGNAL" | "USER":
            pass
        case _:
            raise ValueError(f"the instruction {instruction} is unknown")


def _copy(image: Image, words: list[str]) -> None:
    from_stage = words[0] == f"--from={_OF_BUILD}"
    *names, target = words[from_stage:]
    for name in names:
        source = Image(image.root).path(name) if from_stage else ROOT / name
        place = image.path(target)
        if source.is_file() and (target.endswith("/") or place.is_dir()):
            place /= source.name
        if source == place:
            continue
        if not from_stage and not is_sent(source):
            raise ValueError(f".dockerignore excludes {name}")
        place.parent.mkdir(parents=True, exist_ok=True)
        if source.is_file():
            shutil.copy2(source, place)
        else:
            shutil.copytree(source, place, symlinks=True, dirs_exist_ok=True, ignore=None if from_stage else _not_sent)


def _not_sent(directory: str, names: list[str]) -> set[str]:
    return {name for name in names if not is_sent(Path(directory, name))}


if __name__ == "__main__":
    replay(Path(sys.argv[1]), Path(sys.argv[2]).absolute())
