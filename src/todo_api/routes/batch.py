"""Several operations on one owner's tasks in one request."""

from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from todo_api.answers import JsonAnswer
from todo_api.batches import BatchRequest, BatchResponse
from todo_api.dependencies import Tasks
from todo_api.idempotency import IdempotencyKey, about_key, replay_header
from todo_api.openapi import BODY, answered_with, refusals
from todo_api.owner_route import OwnerRoute
from todo_api.problems import IDEMPOTENCY_CONFLICT, NOT_FOUND, PRECONDITION_FAILED
from todo_api.wire import batch_response


class BatchRoute(OwnerRoute):
    """An OwnerRoute for the larger body of a batch."""

    max_body_bytes = 512 * 1024


router: Final = APIRouter(prefix="/api/{user_id}/tasks/batch", tags=["tasks"], route_class=BatchRoute)


@router.post(
    "",
    operation_id="apply_batch",
    response_model=BatchResponse,
    responses=answered_with(200, "Idempotency-Replayed")
    | refusals(*BODY, NOT_FOUND, PRECONDITION_FAILED, IDEMPOTENCY_CONFLICT),
)
async def apply_batch(tasks: Tasks, body: BatchRequest, idempotency_key: IdempotencyKey = None) -> Response:
    """Do 1–100 operations in order, all or none.

    A problem names the operation that failed in `errors`. A replay gives the first
    answer, so an answer has ids and revisions and no text; the change feed has that.
    """
    batch = body.to_domain()
    with about_key():
        result = await tasks.apply(batch, idempotency_key)
    return JsonAnswer(batch_response(result), replay_header(replayed=result.replayed))
