"""Shared by the commands: the option `--database`, the conversion of options to settings, and the operator."""

import os
import stat
from pathlib import Path
from typing import Annotated

import typer

from todo_api.container import Container, assemble
from todo_api.settings import ENV_FILE, names_of, read_settings
from todo_domain import Principal, UserId

Database = Annotated[str | None, typer.Option(metavar="PATH|URL", help="An SQLite file, or a PostgreSQL URL.")]


def container_of_options(**options: object) -> Container:
    """Put the options into the environment, which worker processes inherit, and return the container."""
    os.environ |= {names_of(name)[0]: str(value) for name, value in options.items() if value is not None}
    if _others_can_write(ENV_FILE):
        typer.echo("todo-api: warning: other users can write to .env, and so can change every setting", err=True)
    return assemble(read_settings())


def operator_for(container: Container, user: str) -> Principal:
    """Return the operator, who acts for a user with a session that begins now. Raises RuleViolated."""
    now = container.clock().now()
    return Principal(UserId(user), expires_at=now, issued_at=now)


def _others_can_write(path: Path) -> bool:
    return path.is_file() and bool(path.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH))


def one_line(message: object) -> str:
    """Return a message without line breaks."""
    return " ".join(str(message).split())
