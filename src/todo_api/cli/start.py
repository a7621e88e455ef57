"""The start of the program `todo-api`."""

import gc
import sys


def main() -> None:
    """Load the command line and run it; without the packages of the extra `api`, say how to install them."""
    # No collection searches the modules that are being loaded: see docs/decisions/0010.
    gc.disable()
    try:
        from todo_api.cli.main import main as run  # noqa: PLC0415 - the collector is disabled first
    except ModuleNotFoundError as missing:  # pragma: no cover - tested where nothing else is installed
        sys.exit(f"todo-api: the package {missing.name} is missing: install todo-backend[api], not todo-backend alone")
    gc.freeze()
    gc.enable()
    run()
