"""`todo-api migrate`, `purge` and `epoch`: the operator's commands for the database."""

import asyncio
from typing import Annotated

import typer

from todo_api.cli.options import Database, container_of_options
from todo_api.container import Container
from todo_api.container.stores import upgrade_store
from todo_api.server import maintenance


def migrate(database: Database = None) -> None:
    """Migrate the database to the schema of this version. It is safe to repeat, also from several processes at once."""
    if upgrade_store(container_of_options(database_url=database).settings()):
        typer.echo("the database has the schema of this version")
    else:
        typer.echo("the database has the schema of a later version, which this version can serve: nothing was changed")


def purge(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count them, but delete nothing.")] = False,
    database: Database = None,
) -> None:
    """Erase expired tasks in the trash, and delete expired deletions, keys and access tokens, in small batches."""
    asyncio.run(_purge(container_of_options(database_url=database), dry_run=dry_run))


async def _purge(container: Container, *, dry_run: bool) -> None:
    steps = maintenance.purge(container, dry_run=dry_run)
    total = await anext(steps)
    if dry_run:
        typer.echo(f"{total} records have expired: tasks in the trash, deletions, keys and access tokens")
    with typer.progressbar(length=total, label="purging", hidden=dry_run) as bar:
        async for purged in steps:
            bar.update(purged)


def epoch(
    *,
    renew: Annotated[bool, typer.Option("--renew", help="Confirm (required).")],  # noqa: ARG001 - Typer checks it
    database: Database = None,
) -> None:
    """Begin a new epoch after a backup was restored or writes were lost. Clients of the change feed then start over."""
    renewed = asyncio.run(maintenance.renew_epoch(container_of_options(database_url=database)))
    typer.echo(f"the change feed has the new epoch {renewed}")
