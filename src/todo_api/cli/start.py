"""The start of the program `todo-api`."""

import gc


def main() -> None:
    """Load the command line and run it."""
    # A thousand modules are loaded, and they stay: to search them for garbage again and
    # again takes a seventh of the start, and to search them just once, later, another.
    gc.disable()
    from todo_api.cli.main import main as run  # noqa: PLC0415 - see above

    gc.freeze()
    gc.enable()
    run()
