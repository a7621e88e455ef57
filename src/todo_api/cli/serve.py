"""`todo-api serve`."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from todo_api.cli.options import Database, container_of_options
from todo_api.container.tokens import mint
from todo_api.server import serving
from todo_api.settings import Settings


def serve(  # noqa: PLR0913 - options, passed by name
    *,
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="The port to listen on; 0 chooses a free one.")] = None,
    workers: Annotated[int | None, typer.Option(help="Number of server processes; 2 or more need PostgreSQL.")] = None,
    database: Database = None,
    ssl_certfile: Annotated[Path | None, typer.Option(help="A certificate chain, to serve HTTPS.")] = None,
    ssl_keyfile: Annotated[Path | None, typer.Option(help="The certificate's private key.")] = None,
    reload: Annotated[bool, typer.Option("--reload", help="Restart when the source code changes.")] = False,
) -> None:
    """Serve the API. Without settings, it uses SQLite, listens on this machine only, and prints a token."""
    container = container_of_options(
        host=host, port=port, workers=workers, database_url=database, ssl_certfile=ssl_certfile, ssl_keyfile=ssl_keyfile
    )
    settings = container.settings()
    serving.check_startup(container)
    with serving.listen(settings) as listener:
        url = serving.base_url(settings, listener)
        if settings.authentication == "development":
            _print_first_request(settings, url)
        status = serving.run(settings, listener, url, reload=reload)
    raise typer.Exit(status)


def _print_first_request(settings: Settings, url: str) -> None:
    bearer = mint(settings, "alice", timedelta(days=1))
    typer.echo(f"Tasks are stored in {settings.sqlite_path or 'PostgreSQL'}. The documentation is at {url}/docs.")
    typer.echo("This command creates a task for the user alice. `todo-api token` prints tokens for other users.\n")
    typer.echo(
        f"""curl {url}/api/alice/tasks -H "Authorization: Bearer {bearer}" """
        """-H "Content-Type: application/json" -d '{"title": "Buy milk"}'\n"""
    )
