"""The endpoints of projects: list, create, read, change, delete."""

from collections.abc import Mapping
from typing import Final

from fastapi import APIRouter, Request
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
    strong_tag,
    tag_matcher,
)
from todo_api.http.problems import IDEMPOTENCY_CONFLICT, NOT_FOUND, PRECONDITION_FAILED, QUOTA_EXCEEDED, RATE_LIMITED
from todo_api.http.responses import JsonResponse, not_modified
from todo_api.http.user_limits import usage_of
from todo_api.schemas.parameters import ProjectId
from todo_api.schemas.projects import (
    ProjectCreate,
    ProjectListResponse,
    ProjectPatch,
    ProjectResponse,
    project_response,
)
from todo_api.schemas.serialization import projects_response
from todo_domain import Project

router: Final = APIRouter(prefix="/api/{user_id}/projects", tags=["projects"], route_class=OwnerRoute)
_PROJECT: Final = documented_response(200, "ETag")


@router.get(
    "",
    operation_id="list_projects",
    response_model=ProjectListResponse,
    responses=documented_response(200, "ETag") | NOT_MODIFIED | problem_responses(),
)
async def list_projects(request: Request, tasks: Tasks, if_none_match: IfNoneMatch = None) -> Response:
    """List all projects by position.

    A user has at most 200 projects, so there are no pages.
    """
    matches = tag_matcher(if_none_match)
    found = await tasks.projects.list()
    tag = f'W/"{found.revision}-projects"'
    if matches(tag):
        return not_modified(tag)
    usage_of(request).charge_tasks(found.projects)
    return JsonResponse(projects_response(found), {"ETag": tag})


@router.post(
    "",
    operation_id="create_project",
    response_model=ProjectResponse,
    status_code=201,
    responses=documented_response(201, "ETag", "Location", "Idempotency-Replayed")
    | problem_responses(*BODY, IDEMPOTENCY_CONFLICT, QUOTA_EXCEEDED, RATE_LIMITED),
)
async def create_project(tasks: Tasks, body: ProjectCreate, idempotency_key: IdempotencyKeyHeader = None) -> Response:
    """Create a project, at most once for each Idempotency-Key.

    Ids of projects are counted apart from those of tasks. The new project is after all others
    in the order by hand, unless `move` says otherwise.
    """
    added = await tasks.projects.create(body.as_domain, idempotency_key, body.move)
    location = f"projects/{added.project.id}"  # relative to the request's path, which a proxy may have shortened
    return _project(added.project, {"Location": location} | replay_header(replayed=added.replayed), status=201)


@router.get(
    "/{project_id}",
    operation_id="get_project",
    response_model=ProjectResponse,
    responses=_PROJECT | NOT_MODIFIED | problem_responses(NOT_FOUND),
)
async def get_project(tasks: Tasks, project_id: ProjectId, if_none_match: IfNoneMatch = None) -> Response:
    """Read one project and its ETag.

    With `If-None-Match`, the response is 304 without a body while the project is unchanged.
    """
    matches = tag_matcher(if_none_match)
    project = await tasks.projects.get(project_id)
    if matches(strong_tag(project.revision)):
        return not_modified(strong_tag(project.revision))
    return _project(project)


@router.patch(
    "/{project_id}",
    operation_id="patch_project",
    response_model=ProjectResponse,
    responses=_PROJECT | problem_responses(*BODY, NOT_FOUND, PRECONDITION_FAILED),
)
async def patch_project(
    tasks: Tasks,
    project_id: ProjectId,
    body: ProjectPatch,
    if_match: IfMatch = None,
    if_none_match: IfNoneMatchForWrite = None,
) -> Response:
    """Change some fields of a project (JSON merge patch).

    A field that is absent keeps its value. `move` gives the project another place in the
    order by hand, alone or with other fields.
    """
    expected = expected_revisions(if_match, if_none_match)
    return _project(await tasks.projects.patch(project_id, body.as_domain, expected, body.move))


@router.delete(
    "/{project_id}",
    operation_id="delete_project",
    status_code=204,
    responses=problem_responses(NOT_FOUND, PRECONDITION_FAILED),
)
async def delete_project(
    request: Request,
    tasks: Tasks,
    project_id: ProjectId,
    if_match: IfMatch = None,
    if_none_match: IfNoneMatchForWrite = None,
) -> Response:
    """Delete a project and the tasks in it: move them to the trash.

    Each task gets a revision of its own, and is a deletion in the change feed. So is the
    project, for readers that request projects. Restoring the project restores these tasks.
    """
    deleted = await tasks.projects.remove(project_id, expected_revisions(if_match, if_none_match))
    usage_of(request).charge_operations(deleted)
    return Response(status_code=204)


def _project(project: Project, headers: Mapping[str, str] | None = None, status: int = 200) -> Response:
    tag = strong_tag(project.revision)
    return JsonResponse(project_response(project), {"ETag": tag, **(headers or {})}, status)
