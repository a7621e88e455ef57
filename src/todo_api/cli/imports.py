"""`todo-api import`."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from todo_api.cli.options import Database, container_of_options, operator_for
from todo_api.container import Container
from todo_api.imports.formats import Format, check, parts_of
from todo_api.imports.report import Report
from todo_api.settings import WrongSetting
from todo_domain import (
    ErasureInProgress,
    ImportedItem,
    ImportResult,
    QuotaExceeded,
    RuleViolated,
    TokenRejected,
    UserId,
)

_FORMATS: Final = {
    ".ndjson": Format.NDJSON,
    ".jsonl": Format.NDJSON,
    ".csv": Format.TODOIST,
    ".ics": Format.ICAL,
}


def import_(
    file: Annotated[Path, typer.Argument(help="The file to import.", exists=True, dir_okay=False, readable=True)],
    user: Annotated[str, typer.Option(help="The user whose list gets the tasks.")],
    format: Annotated[
        Format | None, typer.Option(help="The format of the file; by default, that of its suffix.")
    ] = None,
    database: Database = None,
) -> None:
    """Import tasks and projects from a file. On SQLite, stop the server first. It is safe to repeat.

    The exit status is 1 if the file has a fault or the tasks exceed a quota. Then nothing was imported.
    It is also 1 if the user is erased meanwhile. Then nothing is left of the import.
    """
    form = format or _FORMATS.get(file.suffix.lower())
    if form is None:
        raise WrongSetting(f"--format: must be one of {', '.join(Format)}, because the suffix does not name one")
    try:
        owner = UserId(user)
    except RuleViolated as violated:
        raise WrongSetting(str(violated)) from None
    container = container_of_options(database_url=database)
    report = Report(container.clock().now(), keeps_trash=bool(container.settings().kept_trash_days))
    try:
        items = check(file.read_bytes(), form, report)
        result = asyncio.run(_import(container, owner, items))
    except RuleViolated as violated:
        for violation in violated.violations:
            _print_row(*violation.field, message=violation.message)
        raise typer.Exit(1) from None
    except (QuotaExceeded, ErasureInProgress) as refused:
        typer.echo(f"todo-api: {refused}", err=True)
        raise typer.Exit(1) from None
    except TokenRejected:
        typer.echo("todo-api: everything of the user was erased during the import", err=True)
        raise typer.Exit(1) from None
    for row, message in report.notes:
        _print_row(row, message=message)
    if omitted := report.note_count - len(report.notes):
        typer.echo(f"{omitted} more notes are not shown", err=True)
    typer.echo(f"{result.created} tasks and projects were added, {result.unchanged} were there already")


async def _import(container: Container, user: UserId, items: Sequence[ImportedItem]) -> ImportResult:
    operator = operator_for(container, user)
    async with container.task_repository():
        with typer.progressbar(length=len(items), label="importing", file=sys.stderr, hidden=not _is_terminal()) as bar:

            async def show(count: int) -> None:
                bar.update(count)

            result: ImportResult = await container.task_use_cases()(operator, user).imports.run(parts_of(items), show)
            return result


def _is_terminal() -> bool:
    return sys.stderr.isatty()


def _print_row(*place: str | int, message: str) -> None:
    where = f"row {'.'.join(map(str, place))}: " if place else ""
    typer.echo(f"{where}{message}", err=True)
