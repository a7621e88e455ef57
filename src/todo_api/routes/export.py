"""The endpoint of the export: everything that a user has."""

from collections.abc import Callable
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from todo_api.http.accept import preferred
from todo_api.http.authentication import Tasks, container_of
from todo_api.http.headers import header_lines
from todo_api.http.openapi import NOT_MODIFIED, documented_response, problem_responses, text_content
from todo_api.http.owner_route import OwnerRoute
from todo_api.http.preconditions import IfNoneMatch, tag_matcher
from todo_api.http.responses import not_modified
from todo_api.http.user_limits import usage_of
from todo_api.schemas.exports import EXPORT_FORMATS
from todo_api.schemas.exports.examples import EXAMPLES
from todo_api.schemas.parameters import ExportParameters
from todo_api.streaming.export import export_response
from todo_domain import TrashQuery

router: Final = APIRouter(prefix="/api/{user_id}/export", tags=["export"], route_class=OwnerRoute)

_DEFAULT: Final = next(iter(EXPORT_FORMATS))
_NAMES: Final = {form.media_type: name for name, form in EXPORT_FORMATS.items()}
_EXPORT: Final = documented_response(200, "ETag", "Content-Disposition")
_EXPORT[200]["content"] = text_content({media_type: EXAMPLES[name] for media_type, name in _NAMES.items()})


@router.get(
    "",
    operation_id="export_content",
    response_class=Response,
    responses=_EXPORT | NOT_MODIFIED | problem_responses(),
)
async def export_content(
    request: Request, tasks: Tasks, query: Annotated[ExportParameters, Query()], if_none_match: IfNoneMatch = None
) -> Response:
    """Export all projects and tasks as one file, with those in the trash.

    All of it is from one moment, that of the revision in the ETag, however long the download
    takes. `format` or the header `Accept` selects the form: NDJSON has a `TaskChange` or a
    `ProjectChange` in each line, those in the trash with `deleted_at`, and can be imported. CSV is
    for spreadsheets, iCalendar has a VTODO for each task. Without either, it is NDJSON.

    One export of a user is sent at a time. If the server has waited for the client for ten minutes in
    all, it aborts the connection.
    """
    name = query.format or _accepted(request)
    matches, tag_of = tag_matcher(if_none_match), _tag_of(name)
    if if_none_match is not None:
        trash = await tasks.trash(TrashQuery(limit=1))
        if matches(tag := tag_of(trash.revision, trash.count)):
            return not_modified(tag)
    return await export_response(
        tasks, EXPORT_FORMATS[name], usage_of(request), container_of(request).exports(), tag_of
    )


def _accepted(request: Request) -> str:
    """Return the format that the client prefers; the default if it accepts none (RFC 9110 §12.4.1 permits it)."""
    accept = ",".join(header_lines(request.scope, b"accept"))
    return _NAMES.get(preferred(accept, list(_NAMES)) or "", _DEFAULT)


def _tag_of(name: str) -> Callable[[int, int], str]:
    return lambda revision, trash_count: f'W/"{revision}-{trash_count}-{name}"'
