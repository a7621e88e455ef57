"""The endpoint of batches: several operations on one owner's list in one request."""

from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from todo_api.http.authentication import Tasks
from todo_api.http.idempotency import IdempotencyKeyHeader, replay_header
from todo_api.http.openapi import BODY, documented_response, problem_responses
from todo_api.http.owner_route import OwnerRoute
from todo_api.http.problems import IDEMPOTENCY_CONFLICT, NOT_FOUND, PRECONDITION_FAILED, QUOTA_EXCEEDED, RATE_LIMITED
from todo_api.http.responses import JsonResponse
from todo_api.http.user_limits import usage_of
from todo_api.schemas.batches import BatchRequest, BatchResponse
from todo_api.schemas.serialization import batch_response


class BatchRoute(OwnerRoute):
    """An OwnerRoute with a larger limit for the body."""

    max_body_bytes = 512 * 1024


router: Final = APIRouter(prefix="/api/{user_id}/tasks/batch", tags=["tasks"], route_class=BatchRoute)


@router.post(
    "",
    operation_id="apply_batch",
    response_model=BatchResponse,
    responses=documented_response(200, "Idempotency-Replayed")
    | problem_responses(*BODY, NOT_FOUND, PRECONDITION_FAILED, IDEMPOTENCY_CONFLICT, QUOTA_EXCEEDED, RATE_LIMITED),
)
async def apply_batch(
    request: Request, tasks: Tasks, body: BatchRequest, idempotency_key: IdempotencyKeyHeader = None
) -> Response:
    """Do up to 100 operations on tasks and projects, all or nothing.

    The operations are done in order and in one transaction. If one fails, none is done,
    and `errors` names the one that failed. An operation can use what an earlier one creates:
    instead of an id, it has `{"ref": "a"}`, where the other operation has `"ref": "a"`.

    The response has the id and the revision of each task or project, but no text, because a
    repeated request with the same Idempotency-Key must return the same response, and the text
    may have been deleted since.
    """
    usage_of(request).charge_operations(len(body.operations))
    result = await tasks.apply(body.as_domain, idempotency_key)
    usage_of(request).charge_operations(result.bulk_count)
    return JsonResponse(batch_response(result), replay_header(replayed=result.replayed))
