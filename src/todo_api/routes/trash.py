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
from todo_api.schemas.parameters import ProjectId, TaskId, TrashParameters
from todo_api.schemas.projects import ProjectResponse, project_response
from todo_api.schemas.tasks import TaskResponse, task_response
from todo_api.schemas.trash import TrashResponse, trash_response
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
    """List deleted tasks and projects that can be restored, latest first.

    `revision` is that of the deletion: send it as `If-Match` to restore or to erase. The
    `Link` header with `rel="next"` leads to the next page; so does `next_cursor`, as the
    parameter `cursor`.
    """
    matches = tag_matcher(if_none_match)
    page = await tasks.trash(query.as_domain)
    tag = list_tag(request, page.revision, page.count)
    if matches(tag):
        return not_modified(tag)
    usage_of(request).charge_tasks([trashed.task for trashed in page.tasks])
    usage_of(request).charge_tasks([trashed.project for trashed in page.projects])
    return JsonResponse(trash_response(page), {"ETag": tag, **next_link(request, page.next_cursor)})


@router.delete("", operation_id="empty_trash", status_code=204, responses=problem_responses(PRECONDITION_FAILED))
async def empty_trash(request: Request, tasks: Tasks, if_match: IfMatch = None) -> Response:
    """Erase all tasks and projects that are in the trash.

    They are erased in several transactions. If the request fails, repeat it. The ETag of
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
    changed task. If its project was deleted, it has none. 404 if it is not in the trash.
    """
    task = await tasks.restore(task_id, expected_revisions(if_match, if_none_match))
    return JsonResponse(task_response(task), {"ETag": strong_tag(task.revision)})


@router.post(
    "/projects/{project_id}/restore",
    operation_id="restore_project",
    response_model=ProjectResponse,
    responses=documented_response(200, "ETag") | problem_responses(NOT_FOUND, PRECONDITION_FAILED, QUOTA_EXCEEDED),
)
async def restore_project(
    request: Request,
    tasks: Tasks,
    project_id: ProjectId,
    if_match: IfMatch = None,
    if_none_match: IfNoneMatchForWrite = None,
) -> Response:
    """Restore a project, and the tasks that were deleted with it.

    Tasks that were deleted one by one, or that have been erased since, are not restored.
    404 if the project is not in the trash.
    """
    project, restored = await tasks.projects.restore(project_id, expected_revisions(if_match, if_none_match))
    usage_of(request).charge_operations(restored)
    return JsonResponse(project_response(project), {"ETag": strong_tag(project.revision)})


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
