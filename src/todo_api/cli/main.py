"""The program `todo-api`: its commands, and the handling of errors."""

import importlib.metadata
import sys
from typing import Annotated, Final

import typer

from todo_api.cli.backup import backup, restore
from todo_api.cli.database import epoch, migrate, purge
from todo_api.cli.erasure import erase
from todo_api.cli.imports import import_
from todo_api.cli.inspection import check, openapi
from todo_api.cli.options import one_line
from todo_api.cli.serve import serve
from todo_api.cli.settings_help import CommandWithSettings
from todo_api.cli.tokens import access_token, token
from todo_api.settings import WrongSetting
from todo_domain import StorageUnavailable

cli: Final = typer.Typer(
    help="A tasks API for many users. Settings come from the environment or `.env`; options override them.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - Typer passes it by position
    if wanted:
        typer.echo(importlib.metadata.version("todo-backend"))
        raise typer.Exit


@cli.callback()
def _options(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None: ...


cli.command(cls=CommandWithSettings)(serve)
for command in (token, access_token, migrate, openapi, check, purge, epoch, backup, restore, erase):
    cli.command()(command)
cli.command("import")(import_)


def main() -> None:
    """Run the command line. A wrong setting or an unavailable database prints one line and exits with status 2."""
    try:
        cli()
    except WrongSetting as error:
        line = one_line(error)
    except StorageUnavailable as error:
        line = f"TODO_DATABASE_URL: {one_line(error)}"
    typer.echo(f"todo-api: {line}", err=True)
    sys.exit(2)
