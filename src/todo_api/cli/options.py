"""What the commands share: the option `--database`, and settings from options."""

import os
from typing import Annotated

import typer

from todo_api.container import Container, assemble
from todo_api.settings import names_of, read_settings

Database = Annotated[str | None, typer.Option(metavar="PATH|URL", help="An SQLite file, or a PostgreSQL URL.")]


def container_of_options(**options: object) -> Container:
    """Return what the settings make, after options went into the environment, where worker processes find them."""
    os.environ |= {names_of(name)[0]: str(value) for name, value in options.items() if value is not None}
    return assemble(read_settings())


def one_line(message: object) -> str:
    """Return a message without line breaks."""
    return " ".join(str(message).split())
