"""`todo-api migrate`, `purge` and `epoch`: what an operator does to the database."""

import asyncio
from typing import Annotated

import typer

from todo_api.cli.options import Database, container_of_options
from todo_api.container import Container, upgrade_store
from todo_api.server import maintenance


def migrate(database: Database = None) -> None:
    """Bring the database to the schema of this version; safe to run again, and while others do."""
    upgrade_store(container_of_options(database_url=database).settings())
    typer.echo("the database has the schema of this version")


def purge(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count, and forget nothing.")] = False,
    database: Database = None,
) -> None:
    """Forget deletions and idempotency keys that are past their time, in small batches."""
    asyncio.run(_purge(container_of_options(database_url=database), dry_run=dry_run))


async def _purge(container: Container, *, dry_run: bool) -> None:
    steps = maintenance.purge(container, dry_run=dry_run)
    total = await anext(steps)
    if dry_run:
        typer.echo(f"{total} are past their time")
    with typer.progressbar(length=total, label="purging", hidden=dry_run) as bar:
        async for forgotten in steps:
            bar.update(forgotten)


def epoch(
    *,
    renew: Annotated[bool, typer.Option("--renew", help="What to do.")],  # noqa: ARG001 - required, and so said
    database: Database = None,
) -> None:
    """Begin a new epoch, after a backup was restored or writes were lost: clients of the change feed start over."""
    renewed = asyncio.run(maintenance.renew_epoch(container_of_options(database_url=database)))
    typer.echo(f"the change feed has the new epoch {renewed}")
