"""The endpoint of imports: the file of another program, or our own export."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from todo_api.http.authentication import Tasks, container_of
from todo_api.http.headers import content_type
from todo_api.http.media_types import media_type_in_utf8
from todo_api.http.openapi import BODY, problem_responses, text_content
from todo_api.http.owner_route import OwnerRoute
from todo_api.http.problems import OVERLOADED, QUOTA_EXCEEDED, UNSUPPORTED_MEDIA_TYPE, ProblemError
from todo_api.http.responses import JsonResponse
from todo_api.http.uploads import MAX_FILE_BYTES, spool_body
from todo_api.http.user_limits import Usage, usage_of
from todo_api.imports.formats import MEDIA_TYPES, Format
from todo_api.imports.process import check_apart, cpu_seconds
from todo_api.schemas.imports import ImportParameters, ImportResponse, import_response
from todo_domain import StorageUnavailable

_WAIT_SECONDS: Final = 30
"""How long an import waits for the checks of other files."""

_EXAMPLES: Final = {
    "application/x-ndjson": '{"kind": "task", "title": "Buy milk"}',
    "text/csv": "TYPE,CONTENT\ntask,Buy milk",
    "text/calendar": "BEGIN:VCALENDAR\nBEGIN:VTODO\nUID:1\nSUMMARY:Buy milk\nEND:VTODO\nEND:VCALENDAR",
    "application/json": '{"kind": "tasks#taskLists", "items": []}',
    "application/octet-stream": '{"kind": "task", "title": "Buy milk"}',
}
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": f"The file, at most {MAX_FILE_BYTES} bytes, in UTF-8.",
        "content": text_content(_EXAMPLES),
    }
}


class ImportRoute(OwnerRoute):
    """An OwnerRoute whose body is a file, and whose work takes longer than the deadline of other requests."""

    is_upload = True


router: Final = APIRouter(prefix="/api/{user_id}/import", tags=["import"], route_class=ImportRoute)


@router.post(
    "",
    operation_id="import_tasks",
    response_model=ImportResponse,
    responses=problem_responses(*BODY, QUOTA_EXCEEDED),
    openapi_extra=_BODY,
)
async def import_tasks(request: Request, tasks: Tasks, query: Annotated[ImportParameters, Query()]) -> Response:
    """Import tasks and projects from a file.

    First the whole file is checked. A file with a fault imports nothing: `errors` has the row of each fault.
    Then what is missing is added, in transactions of 100 tasks and projects. So an import that was
    interrupted, or sent twice, can be repeated: what was imported before is unchanged, even if it was
    changed or deleted since.

    What has no field is added to the description, as far as there is room, and `rows` says so.
    """
    form = _format_of(request, query)
    usage = usage_of(request)
    container = container_of(request)
    with (
        _system_errors(),
        usage.importing(),
        container.upload_space().room() as take,
        tempfile.TemporaryFile() as upload,
        tempfile.TemporaryFile() as checked,
    ):
        usage.charge_bytes(await spool_body(request, upload, take))
        async with _turn(container.import_checks(), usage):
            file = await check_apart(
                upload,
                checked,
                form,
                now=container.clock().now(),
                keeps_trash=bool(container.settings().kept_trash_days),
            )

        async def pause(items: int) -> None:  # twice for each part
            async with usage.pace():
                usage.charge_operations(items / 2)

        result = await tasks.imports.run(file, pause)
        found = file.result
        return JsonResponse(import_response(result.created, result.unchanged, found.notes, found.note_count))


def _format_of(request: Request, query: ImportParameters) -> Format:
    """Return the format that the query names, otherwise that of the media type."""
    if query.format:
        return Format(query.format)
    if form := MEDIA_TYPES.get(media_type_in_utf8(content_type(request.scope)) or ""):
        return form
    message = f"name the format in the query, such as ?format=ndjson, or send {' or '.join(MEDIA_TYPES)}, in UTF-8"
    raise ProblemError(UNSUPPORTED_MEDIA_TYPE, message)


@contextmanager
def _system_errors() -> Iterator[None]:
    """Raise StorageUnavailable if there is no room for a temporary file, or no process can be started."""
    try:
        yield
    except OSError as error:
        raise StorageUnavailable(f"an uploaded file can't be checked: {error.strerror}") from error


@asynccontextmanager
async def _turn(checks: asyncio.Semaphore, usage: Usage) -> AsyncIterator[None]:
    """Wait for checks of other files, and charge the check in the block. Raises OVERLOADED after `_WAIT_SECONDS`."""
    try:
        async with asyncio.timeout(_WAIT_SECONDS):
            await checks.acquire()
        began = cpu_seconds()
        try:
            yield
        finally:
            usage.charge_check(cpu_seconds() - began)
            checks.release()
    except TimeoutError:
        message = "the server has too many files to check; nothing was imported"
        raise ProblemError(OVERLOADED, message, {"Retry-After": "30"}) from None
