"""The command line: `todo-api serve` and what its operator needs besides."""

import asyncio
import json
import os
import re
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

import typer
from pydantic import SecretStr

from todo_api import maintenance, serving
from todo_api.app import create_app
from todo_api.container import Container, assemble, mint, upgrade_store
from todo_api.settings import Settings, WrongSetting, names_of, read_settings
from todo_domain import StorageUnavailable

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

cli = typer.Typer(
    help="A tasks API for many users. Settings come from the environment or `.env`; options go before them.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
_Database = Annotated[str | None, typer.Option(metavar="PATH|URL", help="An SQLite file, or a PostgreSQL URL.")]


def main() -> None:
    """Run the command line. What is wrong with a setting, or out of reach, is one line and exit status 2."""
    try:
        cli()
    except WrongSetting as error:
        line = _one_line(error)
    except StorageUnavailable as error:
        line = f"TODO_DATABASE_URL: {_one_line(error)}"
    typer.echo(f"todo-api: {line}", err=True)
    sys.exit(2)


@cli.command()
def serve(  # noqa: PLR0913 - options, each by its name
    *,
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="The port to listen on; 0 takes a free one.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes that serve; only with PostgreSQL.")] = None,
    database: _Database = None,
    ssl_certfile: Annotated[Path | None, typer.Option(help="A certificate chain, to serve HTTPS.")] = None,
    ssl_keyfile: Annotated[Path | None, typer.Option(help="The certificate's private key.")] = None,
    reload: Annotated[bool, typer.Option("--reload", help="Start again whenever the sources change.")] = False,
) -> None:
    """Serve the API. Without any setting: SQLite, this machine only, and a token to try it with."""
    container = _container(
        host=host, port=port, workers=workers, database_url=database, ssl_certfile=ssl_certfile, ssl_keyfile=ssl_keyfile
    )
    settings = container.settings()
    serving.rehearse(container)
    with serving.listen(settings) as listener:
        url = serving.base_url(settings, listener)
        if settings.authentication == "development":
            _introduce(settings, url)
        serving.run(settings, listener, url, reload=reload)


def _introduce(settings: Settings, url: str) -> None:
    bearer = mint(settings, "alice", timedelta(days=1))
    typer.echo(f"Tasks are kept in {settings.sqlite_path or 'PostgreSQL'}, and the documentation is at {url}/docs.")
    typer.echo("This creates a task of the user alice; `todo-api token` makes tokens for others:\n")
    typer.echo(
        f"""curl {url}/api/alice/tasks -H "Authorization: Bearer {bearer}" """
        """-H "Content-Type: application/json" -d '{"title": "Buy milk"}'\n"""
    )


@cli.command()
def token(
    user: Annotated[str, typer.Option(help="The user to speak for.")],
    lifetime: Annotated[str, typer.Option(help="How long it is valid, such as 15m, 12h or 7d.")] = "1d",
    database: _Database = None,
) -> None:
    """Print a token for a user, signed with the secret in force."""
    settings = _container(database_url=database).settings()
    if settings.authentication == "jwks":
        raise WrongSetting(f"with BETTER_AUTH_URL only Better Auth can mint: {settings.better_auth_url}/api/auth/token")
    form = re.fullmatch(r"([0-9]{1,8})([smhd])", lifetime)
    if not form:
        raise WrongSetting("--lifetime: must be a number and s, m, h or d, such as 7d")
    try:
        typer.echo(mint(settings, user, timedelta(**{_UNITS[form[2]]: int(form[1])})))
    except ValueError as error:
        raise WrongSetting(str(error)) from None


@cli.command()
def migrate(database: _Database = None) -> None:
    """Bring the database to the schema of this version; safe to run again, and while others do."""
    upgrade_store(_container(database_url=database).settings())
    typer.echo("the database has the schema of this version")


@cli.command()
def openapi() -> None:
    """Print the OpenAPI document; it needs no setting and no database."""
    app = create_app(Container(settings=Settings.model_construct()))
    typer.echo(json.dumps(app.openapi(), indent=2, ensure_ascii=False))


@cli.command()
def check(database: _Database = None) -> None:
    """Print the settings in force, without secrets, and whether database and keys can be used: exit 1 if not."""
    container = _container(database_url=database)
    settings = container.settings()
    for name in Settings.model_fields:
        typer.echo(f"{names_of(name)[0]}={_shown(getattr(settings, name))}")
    url = urlsplit(settings.database)
    typer.echo(f"tokens are verified by: {settings.authentication}")
    typer.echo(f"tasks are kept in: {settings.sqlite_path or f'{url.scheme}://{url.hostname}{url.path}'}")
    faults = asyncio.run(maintenance.faults(container))
    for part, fault in faults.items():
        typer.echo(f"{part}: {'ready' if fault is None else f'unavailable: {_one_line(fault)}'}")
    if any(faults.values()):
        raise typer.Exit(1)


@cli.command()
def purge(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count, and forget nothing.")] = False,
    database: _Database = None,
) -> None:
    """Forget deletions and idempotency keys that are past their time, in small batches."""
    asyncio.run(_purge(_container(database_url=database), dry_run=dry_run))


async def _purge(container: Container, *, dry_run: bool) -> None:
    steps = maintenance.purge(container, dry_run=dry_run)
    total = await anext(steps)
    if dry_run:
        typer.echo(f"{total} are past their time")
    with typer.progressbar(length=total, label="purging", hidden=dry_run) as bar:
        async for forgotten in steps:
            bar.update(forgotten)


@cli.command()
def epoch(
    *,
    renew: Annotated[bool, typer.Option("--renew", help="What to do.")],  # noqa: ARG001 - required, and so said
    database: _Database = None,
) -> None:
    """Begin a new epoch, after a backup was restored or writes were lost: clients of the change feed start over."""
    renewed = asyncio.run(maintenance.renew_epoch(_container(database_url=database)))
    typer.echo(f"the change feed has the new epoch {renewed}")


def _container(**options: object) -> Container:
    """Return what the settings make, after options went into the environment, where worker processes find them."""
    os.environ |= {names_of(name)[0]: str(value) for name, value in options.items() if value is not None}
    return assemble(read_settings())


def _shown(value: object) -> str:
    match value:
        case None | ():
            return ""
        case SecretStr() | (SecretStr(), *_):
            return "(set)"
        case tuple():
            return " ".join(map(str, value))
        case _:
            return str(value)


def _one_line(message: object) -> str:
    return " ".join(str(message).split())
