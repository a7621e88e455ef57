"""`todo-api token`."""

import re
from datetime import timedelta
from typing import Annotated, Final

import typer

from todo_api.cli.options import Database, container_of_options
from todo_api.container import mint
from todo_api.settings import WrongSetting

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def token(
    user: Annotated[str, typer.Option(help="The user that the token names.")],
    lifetime: Annotated[str, typer.Option(help="How long the token is valid, such as 15m, 12h or 7d.")] = "1d",
    database: Database = None,
) -> None:
    """Print a token for a user, signed with the configured secret."""
    settings = container_of_options(database_url=database).settings()
    if settings.authentication == "jwks":
        raise WrongSetting(
            "with published keys, only the issuer can create tokens; Better Auth does so at /token below its base path"
        )
    form = re.fullmatch(r"([0-9]{1,8})([smhd])", lifetime)
    if not form:
        raise WrongSetting("--lifetime: must be a number and s, m, h or d, such as 7d")
    try:
        typer.echo(mint(settings, user, timedelta(**{_UNITS[form[2]]: int(form[1])})))
    except ValueError as error:
        raise WrongSetting(str(error)) from None
