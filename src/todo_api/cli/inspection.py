"""`todo-api check` and `openapi`: information without a running server."""

import asyncio
import json

import typer

from todo_api.app import create_app
from todo_api.cli.options import Database, container_of_options, one_line
from todo_api.cli.settings_help import shown
from todo_api.container import Container
from todo_api.container.stores import store_name
from todo_api.server.diagnosis import PROBLEMS, diagnose
from todo_api.settings import Settings, names_of


def openapi() -> None:
    """Print the OpenAPI document. No setting and no database is needed."""
    app = create_app(Container(settings=Settings.model_construct()))
    typer.echo(json.dumps(app.openapi(), indent=2, ensure_ascii=False))


def check(database: Database = None) -> None:
    """Print the settings without secrets, and what prevents the server from working.

    The exit status is 0 if everything works, otherwise that of the first problem: see docs/operating/check.md.
    """
    container = container_of_options(database_url=database)
    settings = container.settings()
    for name in Settings.model_fields:
        typer.echo(f"{names_of(name)[0]}={shown(getattr(settings, name))}")
    typer.echo(f"tokens are verified by: {settings.authentication}")
    typer.echo(f"tasks are stored in: {store_name(settings)}")
    findings = asyncio.run(diagnose(container))
    for finding in findings:
        typer.echo(one_line(f"{finding.part}: {finding.text}"))
    raise typer.Exit(next((PROBLEMS[finding.problem].status for finding in findings if finding.problem), 0))
