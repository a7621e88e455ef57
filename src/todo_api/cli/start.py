"""The start of the program `todo-api`."""

import gc
import sys


def main() -> None:
    """Load the command line and run it; without the packages of the extra `api`, say how to install them."""
    # The loaded modules are never garbage. Collections while they load take a seventh of
    # the start, and `freeze` excludes the modules from all later collections.
    gc.disable()
    try:
        from todo_api.cli.main import main as run  # noqa: PLC0415 - see above
    except ModuleNotFoundError as missing:  # pragma: no cover - tested in an environment without the extra
        sys.exit(f"todo-api: the package {missing.name} is missing: install todo-backend[api], not todo-backend alone")
    gc.freeze()
    gc.enable()
    run()
