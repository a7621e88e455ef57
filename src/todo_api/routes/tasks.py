"""The endpoints of tasks: list, create, read, update, patch, delete."""

from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from todo_api.http.authentication import Tasks
from todo_api.http.idempotency import IdempotencyKeyHeader, replay_header
from todo_api.http.openapi import BODY, NOT_MODIFIED, documented_response, problem_responses
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
from todo_api.http.problems import IDEMPOTENCY_CONFLICT, NOT_FOUND, PRECONDITION_FAILED, QUOTA_EXCEEDED, RATE_LIMITED
from todo_api.http.responses import JsonResponse, next_link, not_modified
from todo_api.http.user_limits import usage_of
from todo_api.schemas.parameters import ListParameters, OccurrenceParameters, RemovalParameters, TaskId
from todo_api.schemas.serialization import list_response
from todo_api.schemas.task_bodies import TaskCreate, TaskPatch, TaskUpdate
from todo_api.schemas.tasks import OccurrencesResponse, TaskListResponse, TaskResponse, task_response
from todo_api.streaming.parts import PartsResponse
from todo_api.streaming.whole_list import json_parts
from todo_domain import Task, WholeList

router: Final = APIRouter(prefix="/api/{user_id}/tasks", tags=["tasks"], route_class=OwnerRoute)
_TASK: Final = documented_response(200, "ETag")


@router.get(
    "",
    operation_id="list_tasks",
    response_model=TaskListResponse,
    responses=documented_response(200, "ETag", "Link") | NOT_MODIFIED | problem_responses(),
)
async def list_tasks(
    request: Request, tasks: Tasks, query: Annotated[ListParameters, Query()], if_none_match: IfNoneMatch = None
) -> Response:
    """List all tasks that match the conditions, or one page of them.

    Without a condition, these are all tasks of the list. The `Link` header with
    `rel="next"` leads to the next page; so does `next_cursor`, as the parameter `cursor`.

    Without `limit`, the server reads the tasks while it sends the response. The response
    has every task that existed at its `revision`, except tasks that are deleted meanwhile.
    A task that changes meanwhile may have its new state.
    """
    matches = tag_matcher(if_none_match)
    wanted = query.as_domain
    if if_none_match is not None:
        tag = list_tag(request, await tasks.revision())
        if matches(tag):
            return not_modified(tag)
    page = await tasks.list_whole(wanted) if wanted.limit is None else await tasks.list(wanted)
    if isinstance(page, WholeList):
        parts, tag = json_parts(page, usage_of(request)), list_tag(request, page.revision)
        return await PartsResponse.begin(parts, usage_of(request), {"ETag": tag})
    usage_of(request).charge_tasks(page.tasks)
    return JsonResponse(
        list_response(page), {"ETag": list_tag(request, page.revision), **next_link(request, page.next_cursor)}
    )


@router.post(
    "",
    operation_id="create_task",
    response_model=TaskResponse,
    status_code=201,
    responses=documented_response(201, "ETag", "Location", "Idempotency-Replayed")
    | problem_responses(*BODY, IDEMPOTENCY_CONFLICT, QUOTA_EXCEEDED, RATE_LIMITED),
)
async def create_task(
    request: Request, tasks: Tasks, body: TaskCreate, idempotency_key: IdempotencyKeyHeader = None
) -> Response:
    """Create a task, at most once for each Idempotency-Key.

    The task gets the next id of the list, and is after all other tasks in the order by
    hand, unless `move` says otherwise. A repeated request with the same Idempotency-Key
    and body returns the first response again, and creates no second task.
    """
    added = await tasks.create(body.as_domain, idempotency_key, body.move)
    request.scope["task_id"] = added.task.id
    location = f"tasks/{added.task.id}"  # relative to the request's path, which a proxy may have shortened
    return _task(added.task, {"Location": location} | replay_header(replayed=added.replayed), status=201)


@router.get(
    "/{task_id}",
    operation_id="get_task",
    response_model=TaskResponse,
    responses=_TASK | NOT_MODIFIED | problem_responses(NOT_FOUND),
)
async def get_task(tasks: Tasks, task_id: TaskId, if_none_match: IfNoneMatch = None) -> Response:
    """Read one task and its ETag.

    With `If-None-Match`, the response is 304 without a body while the task is unchanged.
    """
    matches = tag_matcher(if_none_match)
    task = await tasks.get(task_id)
    if matches(strong_tag(task.revision)):
        return not_modified(strong_tag(task.revision))
    return _task(task)


@router.get(
    "/{task_id}/occurrences",
    operation_id="list_occurrences",
    response_model=OccurrencesResponse,
    responses=_TASK | NOT_MODIFIED | problem_responses(NOT_FOUND),
)
async def list_occurrences(
    tasks: Tasks, task_id: TaskId, query: Annotated[OccurrenceParameters, Query()], if_none_match: IfNoneMatch = None
) -> Response:
    """List the next days on which a task recurs.

    They are the days after its due, as if every task were completed on the day of its due.
    The list is empty if the task does not recur. The ETag is that of the task.
    """
    matches = tag_matcher(if_none_match)
    task, days = await tasks.occurrences(task_id, query.as_domain)
    tag = strong_tag(task.revision)
    return not_modified(tag) if matches(tag) else JsonResponse({"occurrences": days}, {"ETag": tag})


@router.put(
    "/{task_id}",
    operation_id="replace_task",
    response_model=TaskResponse,
    responses=_TASK | problem_responses(*BODY, NOT_FOUND, PRECONDITION_FAILED, QUOTA_EXCEEDED),
)
async def replace_task(
    tasks: Tasks, task_id: TaskId, body: TaskUpdate, if_match: IfMatch = None, if_none_match: IfNoneMatchForWrite = None
) -> Response:
    """Update a whole task.

    `title` and `complete` are required. A field that is absent keeps its value; null clears
    `description`, `due`, `recurrence` and `project_id`. A `due` or a `recurrence` replaces the task's value
    with all its parts. PUT never creates a task: an unknown id is 404. To change some fields
    only, use PATCH, which also says what happens when a recurring task is completed.
    """
    return _task(await tasks.patch(task_id, body.as_domain, expected_revisions(if_match, if_none_match), body.move))


@router.patch(
    "/{task_id}",
    operation_id="patch_task",
    response_model=TaskResponse,
    responses=_TASK | problem_responses(*BODY, NOT_FOUND, PRECONDITION_FAILED, QUOTA_EXCEEDED),
)
async def patch_task(
    tasks: Tasks, task_id: TaskId, body: TaskPatch, if_match: IfMatch = None, if_none_match: IfNoneMatchForWrite = None
) -> Response:
    """Change some fields of a task (JSON merge patch).

    A field that is absent keeps its value; null clears `description`, `due`, `recurrence` and
    `project_id` (RFC 7396). The parts of `due` and `recurrence` are patched in the same way: null clears
    `time` and `timezone`. `move` gives the task another place in the order by hand, alone or
    with other fields.

    Completing a recurring task leaves it complete, without its rule, and adds the next task,
    whose id is its `successor_id`. Completing it again has no effect. Opening it again
    deletes the next task and returns the rule, unless the next task was changed.
    """
    return _task(await tasks.patch(task_id, body.as_domain, expected_revisions(if_match, if_none_match), body.move))


@router.delete(
    "/{task_id}",
    operation_id="delete_task",
    status_code=204,
    responses=problem_responses(NOT_FOUND, PRECONDITION_FAILED),
)
async def delete_task(
    tasks: Tasks,
    task_id: TaskId,
    query: Annotated[RemovalParameters, Query()],
    if_match: IfMatch = None,
    if_none_match: IfNoneMatchForWrite = None,
) -> Response:
    """Delete a task: move it to the trash, or erase it.

    The trash keeps the content for some days, so that the task can be restored. With
    `permanent=true`, the content is gone at once. In both cases the change feed reports the id
    of the task and the revision of the deletion.
    """
    await tasks.remove(task_id, expected_revisions(if_match, if_none_match), permanent=query.as_domain)
    return Response(status_code=204)


def _task(task: Task, headers: Mapping[str, str] | None = None, status: int = 200) -> Response:
    return JsonResponse(task_response(task), {"ETag": strong_tag(task.revision), **(headers or {})}, status)
