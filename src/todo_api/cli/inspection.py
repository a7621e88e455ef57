"""`todo-api check` and `openapi`: information without a running server."""

import asyncio
import json

import typer
from pydantic import SecretStr

from todo_api.app import create_app
from todo_api.cli.options import Database, container_of_options, one_line
from todo_api.container import Container, store_name
from todo_api.server import maintenance
from todo_api.settings import Settings, names_of


def openapi() -> None:
    """Print the OpenAPI document. No setting and no database is needed."""
    app = create_app(Container(settings=Settings.model_construct()))
    typer.echo(json.dumps(app.openapi(), indent=2, ensure_ascii=False))


def check(database: Database = None) -> None:
    """Print the settings without secrets, and check that database and keys are available: exit status 1 if not."""
    container = container_of_options(database_url=database)
    settings = container.settings()
    for name in Settings.model_fields:
        typer.echo(f"{names_of(name)[0]}={_shown(getattr(settings, name))}")
    typer.echo(f"tokens are verified by: {settings.authentication}")
    typer.echo(f"tasks are stored in: {store_name(settings)}")
    faults = asyncio.run(maintenance.faults(container))
    for part, fault in faults.items():
        typer.echo(f"{part}: {'ready' if fault is None else f'unavailable: {one_line(fault)}'}")
    if any(faults.values()):
        raise typer.Exit(1)


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
