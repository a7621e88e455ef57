"""`todo-api backup` and `restore`: for SQLite files; PostgreSQL has programs of its own."""

from pathlib import Path
from typing import Annotated

import typer

from todo_api.cli.options import Database, container_of_options
from todo_api.container.stores import back_up_store, restore_store


def backup(
    path: Annotated[Path, typer.Argument(help="The file to create.")],
    *,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file if it exists.")] = False,
    database: Database = None,
) -> None:
    """Write a checked copy of the SQLite database to a file, also while a server runs."""
    settings = container_of_options(database_url=database).settings()
    back_up_store(settings, path, overwrite=overwrite)
    typer.echo(f"{path} is a complete backup of {settings.sqlite_path}")


def restore(
    path: Annotated[Path, typer.Argument(help="A backup.")],
    database: Database = None,
) -> None:
    """Replace the SQLite database by a backup, and begin a new epoch. Stop the server before."""
    settings = container_of_options(database_url=database).settings()
    epoch = restore_store(settings, path)
    typer.echo(f"{settings.sqlite_path} has the content of {path}; the change feed has the new epoch {epoch}")
