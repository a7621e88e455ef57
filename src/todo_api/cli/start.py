"""The start of the program `todo-api`."""

import gc
import sys


def main() -> None:
    """Load and run the command line; if the packages of the extra `api` are missing, print how to install them."""
    # Collections would search all loaded modules: see docs/decisions/0010.
    gc.disable()
    try:
        from todo_api.cli.main import main as run  # noqa: PLC0415 - the collector is disabled first
    except ModuleNotFoundError as missing:  # pragma: no cover - tested where nothing else is installed
        sys.exit(f"todo-api: the package {missing.name} is missing: install todo-backend[api], not todo-backend alone")
    gc.freeze()
    gc.enable()
    run()
