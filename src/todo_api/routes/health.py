"""The health checks. They need no token, and reveal nothing else."""

from collections.abc import Awaitable
from typing import Final, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict

from todo_api.http.authentication import container_of
from todo_api.http.openapi import ALWAYS, Responses
from todo_domain import Unavailable

router: Final = APIRouter(tags=["health"])

State = Literal["ready", "unavailable"]


class Health(BaseModel):
    """The process is running."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "ok"}]})

    status: Literal["ok"]


class Readiness(BaseModel):
    """Whether each part that the server needs is usable."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"status": "ready", "database": "ready", "keys": "ready"}]}
    )

    status: State
    database: State
    keys: State


_UNAVAILABLE: Final[Responses] = {503: {"model": Readiness}}


@router.get("/health", operation_id="get_health", responses=ALWAYS)
async def get_health() -> Health:
    """Report that the process is running.

    It checks nothing else; use `/health/ready` to decide whether to send traffic.
    """
    return Health(status="ok")


@router.get("/health/ready", operation_id="get_readiness", responses=_UNAVAILABLE | ALWAYS)
async def get_readiness(request: Request, response: Response) -> Readiness:
    """Report whether the database and the token keys are usable.

    The status is 503 if one of them is not.
    """
    container = container_of(request)
    database = await _state_of(container.task_repository().check())
    keys = await _state_of(container.token_verifier().check())
    ready = database == keys == "ready"
    response.status_code = 200 if ready else 503
    return Readiness(status="ready" if ready else "unavailable", database=database, keys=keys)


async def _state_of(check: Awaitable[None]) -> State:
    try:
        await check
    except Unavailable:
        return "unavailable"
    return "ready"
