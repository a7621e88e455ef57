"""`todo-api erase`."""

import asyncio
from typing import Annotated

import typer

from todo_api.cli.options import Database, container_of_options, operator_for
from todo_api.container import Container
from todo_api.settings import WrongSetting
from todo_domain import ErasureUseCase, RuleViolated


def erase(
    user: Annotated[str, typer.Option(help="The user whose data is erased.")],
    database: Database = None,
) -> None:
    """Erase everything that a user has, and refuse the user's earlier tokens. It is safe to repeat."""
    try:
        asyncio.run(_erase(container_of_options(database_url=database), user))
    except RuleViolated as error:
        raise WrongSetting(str(error)) from None
    typer.echo(f"everything of {user} is erased")


async def _erase(container: Container, user: str) -> None:
    operator = operator_for(container, user)
    async with container.task_repository():
        use_case: ErasureUseCase = container.erasure_use_case()(operator, user, user)
        while not await use_case.step():
            pass
