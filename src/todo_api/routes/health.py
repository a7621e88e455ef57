"""The health checks. They need no token, and reveal nothing else."""

from typing import Final, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict

from todo_api.http.authentication import container_of
from todo_api.http.openapi import ALWAYS, Responses

router: Final = APIRouter(tags=["health"])

State = Literal["ready", "unavailable"]


class Health(BaseModel):
    """The process is running."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "ok"}]})

    status: Literal["ok"]


class Readiness(BaseModel):
    """Whether each part works: reading tasks, writing tasks, and the keys that verify tokens."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"status": "ready", "reads": "ready", "writes": "ready", "keys": "ready"}]}
    )

    status: State
    reads: State
    writes: State
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
    """Report what works, within a second: reads, writes and token keys.

    The status is 503 if reads or keys are unavailable, and while the server is stopping. It is
    200 if only writes are unavailable, because the server still serves reads. `writes` is
    `unavailable` after a write has failed, until a probe write succeeds, which the server
    tries every second.
    """
    container = container_of(request)
    health = await container.health().check()
    is_ready = health.reads and health.keys and not container.shutdown().has_begun
    response.status_code = 200 if is_ready else 503
    return Readiness(
        status=_state(works=is_ready),
        reads=_state(works=health.reads),
        writes=_state(works=health.writes),
        keys=_state(works=health.keys),
    )


def _state(*, works: bool) -> State:
    return "ready" if works else "unavailable"
