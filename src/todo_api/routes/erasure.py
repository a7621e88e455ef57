"""The endpoint that erases everything of a user."""

from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from todo_api.http.authentication import Tasks, container_of
from todo_api.http.deadlines import current_request
from todo_api.http.openapi import BODY, problem_responses
from todo_api.http.user_limits import Usage, usage_of
from todo_api.routes.access_tokens import AccountRoute
from todo_api.schemas.erasure import Erasure
from todo_domain import ErasureUseCase
from todo_domain.erasure import ERASED_AT_ONCE

router: Final = APIRouter(prefix="/api/{user_id}", tags=["account"], route_class=AccountRoute)


@router.delete("", operation_id="erase_user", status_code=204, responses=problem_responses(*BODY))
async def erase_user(request: Request, tasks: Tasks, body: Erasure) -> Response:
    """Erase everything that the user has.

    It needs a session token that was issued in the last five minutes. From then on, every
    earlier token of the user is refused with 401. 204 means that nothing is left. If the response is
    lost, or is a 5xx, get a new session token and repeat the request. An erasure that has begun is
    always completed.
    """
    use_case: ErasureUseCase = container_of(request).erasure_use_case()(
        request.scope["principal"], tasks.user_id, body.as_domain
    )
    pending = current_request()
    assert pending  # noqa: S101 - for the type checker
    # The deadline is that of a step, because there may be many.
    while not await pending.uncounted(_step(use_case, usage_of(request))):
        pass
    return Response(status_code=204)


async def _step(use_case: ErasureUseCase, usage: Usage) -> bool:
    async with usage.pace():
        usage.charge_operations(ERASED_AT_ONCE)
        return await use_case.step()
