"""The endpoints of the trash: list, restore, erase, empty."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from todo_api.http.authentication import Tasks
from todo_api.http.openapi import NOT_MODIFIED, documented_response, problem_responses
from todo_api.http.owner_route import OwnerRoute
from todo_api.http.preconditions import (
    IfMatch,
    IfNoneMatch,
    IfNoneMatchForWrite,
    expected_revisions,
    list_tag,
    strong_tag,
    tag_matcher,
)
from todo_api.http.problems import NOT_FOUND, PRECONDITION_FAILED, QUOTA_EXCEEDED, ProblemError
from todo_api.http.responses import JsonResponse, next_link, not_modified
from todo_api.http.user_limits import usage_of
from todo_api.schemas.parameters import TaskId, TrashParameters
from todo_api.schemas.serialization import trash_response
from todo_api.schemas.tasks import TaskResponse, TrashResponse, task_response
from todo_domain import TrashQuery

router: Final = APIRouter(prefix="/api/{user_id}/trash", tags=["trash"], route_class=OwnerRoute)


@router.get(
    "",
    operation_id="list_trash",
    response_model=TrashResponse,
    responses=documented_response(200, "ETag", "Link") | NOT_MODIFIED | problem_responses(),
)
async def list_trash(
    request: Request, tasks: Tasks, query: Annotated[TrashParameters, Query()], if_none_match: IfNoneMatch = None
) -> Response:
    """List deleted tasks whose content is kept, the last deleted ones first.

    `revision` is that of the deletion: send it as `If-Match` to restore or erase the task. The
    `Link` header with `rel="next"` leads to the next page; so does `next_cursor`, as the
    parameter `cursor`.
    """
    matches = tag_matcher(if_none_match)
    page = await tasks.trash(query.as_domain)
    tag = list_tag(request, page.revision, page.count)
    if matches(tag):
        return not_modified(tag)
    usage_of(request).charge_tasks([trashed.task for trashed in page.tasks])
    return JsonResponse(trash_response(page), {"ETag": tag, **next_link(request, page.next_cursor)})


@router.delete("", operation_id="empty_trash", status_code=204, responses=problem_responses(PRECONDITION_FAILED))
async def empty_trash(request: Request, tasks: Tasks, if_match: IfMatch = None) -> Response:
    """Erase all tasks that are in the trash.

    The tasks are erased in several transactions. If the request fails, repeat it. The ETag of
    the trash is weak, so an `If-Match` other than `*` never matches.
    """
    if expected_revisions(if_match) is not None:
        page = await tasks.trash(TrashQuery(limit=1))
        headers = {"ETag": list_tag(request, page.revision, page.count)}
        raise ProblemError(PRECONDITION_FAILED, "the ETag of the trash is weak, which If-Match never matches", headers)
    usage_of(request).charge_operations(await tasks.empty_trash())
    return Response(status_code=204)


@router.post(
    "/{task_id}/restore",
    operation_id="restore_task",
    response_model=TaskResponse,
    responses=documented_response(200, "ETag") | problem_responses(NOT_FOUND, PRECONDITION_FAILED, QUOTA_EXCEEDED),
)
async def restore_task(
    tasks: Tasks, task_id: TaskId, if_match: IfMatch = None, if_none_match: IfNoneMatchForWrite = None
) -> Response:
    """Put a task from the trash back into the list.

    The task keeps its id and its content, and gets a new revision: in the change feed it is a
    changed task. 404 if it is not in the trash.
    """
    task = await tasks.restore(task_id, expected_revisions(if_match, if_none_match))
    return JsonResponse(task_response(task), {"ETag": strong_tag(task.revision)})


@router.delete(
    "/{task_id}",
    operation_id="erase_task",
    status_code=204,
    responses=problem_responses(NOT_FOUND, PRECONDITION_FAILED),
)
async def erase_task(
    tasks: Tasks, task_id: TaskId, if_match: IfMatch = None, if_none_match: IfNoneMatchForWrite = None
) -> Response:
    """Erase a task in the trash: its content is gone at once.

    404 if it is not in the trash.
    """
    await tasks.erase(task_id, expected_revisions(if_match, if_none_match))
    return Response(status_code=204)
