"""`todo-api token` and `access-token`."""

import asyncio
import re
from datetime import timedelta
from typing import Annotated, Final

import typer

from todo_api.cli.options import Database, container_of_options, operator_for
from todo_api.container import Container
from todo_api.container.tokens import mint
from todo_api.settings import WrongSetting
from todo_domain import AccessTokenDraft, QuotaExceeded, RuleViolated

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


def access_token(
    user: Annotated[str, typer.Option(help="The user that the token names.")],
    name: Annotated[str, typer.Option(help="What the token is for.")],
    scope: Annotated[list[str], typer.Option(help="tasks:read, tasks:write or calendar:read. Repeat it for several.")],
    database: Database = None,
) -> None:
    """Create an access token, which is valid until it is deleted, and print it. It can't be printed again."""
    try:
        typer.echo(asyncio.run(_create(container_of_options(database_url=database), user, name, scope)))
    except (RuleViolated, QuotaExceeded) as error:
        raise WrongSetting(str(error)) from None


async def _create(container: Container, user: str, name: str, scopes: list[str]) -> str:
    draft = AccessTokenDraft(name=name, scopes=scopes)
    operator = operator_for(container, user)
    async with container.task_repository():
        _, secret = await container.access_token_use_cases()(operator, user).create(draft)
    return str(secret)
