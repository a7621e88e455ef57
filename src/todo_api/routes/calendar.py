"""The endpoint of a calendar, which a secret URL opens."""

from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from todo_api.http.authentication import CalendarTasks, calendar_use_cases
from todo_api.http.openapi import NOT_MODIFIED, documented_response, problem_responses, text_content
from todo_api.http.owner_route import OwnerRoute
from todo_api.http.preconditions import IfNoneMatch, list_tag, tag_matcher
from todo_api.http.problems import AUTH_FORBIDDEN, AUTH_INVALID, AUTH_MISSING, AUTH_UNAVAILABLE, NOT_FOUND
from todo_api.http.responses import CACHING, not_modified
from todo_api.http.user_limits import usage_of
from todo_api.schemas.parameters import CalendarParameters
from todo_api.streaming.calendar import calendar_parts
from todo_api.streaming.parts import PartsResponse
from todo_domain import Scope, TaskQuery, WholeList


class CalendarRoute(OwnerRoute):
    """An OwnerRoute whose caller is identified by the token in the path: calendars can't send a header field."""

    scope = Scope.CALENDAR_READ
    identify = staticmethod(calendar_use_cases)
    identified_by = "token"


router: Final = APIRouter(prefix="/calendar", tags=["calendar"], route_class=CalendarRoute)

_OPEN_WITH_DUE: Final = TaskQuery(complete=False, due_from=date.min)
_MEDIA_TYPE: Final = "text/calendar"
_EXAMPLE: Final = """BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//todo-backend//todo-backend//EN\r
BEGIN:VEVENT\r
UID:task-7@alice\r
DTSTAMP:20261121T093000Z\r
SUMMARY:Buy milk\r
DTSTART;VALUE=DATE:20261201\r
RRULE:FREQ=WEEKLY\r
END:VEVENT\r
END:VCALENDAR\r
"""
_CALENDAR: Final = documented_response(200, "ETag")
_CALENDAR[200]["content"] = text_content({_MEDIA_TYPE: _EXAMPLE})


@router.get(
    "/{token}.ics",
    operation_id="read_calendar",
    response_class=Response,
    responses=_CALENDAR
    | NOT_MODIFIED
    | problem_responses(NOT_FOUND, without={AUTH_MISSING, AUTH_INVALID, AUTH_FORBIDDEN, AUTH_UNAVAILABLE}),
)
async def read_calendar(
    request: Request,
    tasks: CalendarTasks,
    query: Annotated[CalendarParameters, Query()],
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Subscribe to the open tasks with a due, as iCalendar.

    The token in the URL is an access token with the scope `calendar:read`. Any other token gets 404,
    also one that has expired or was revoked.

    A task is due on a whole day, or at a time in its time zone; without a time zone, at the local time
    of the calendar app. A recurring task has an RRULE, unless it is counted from the day of
    completion.
    """
    matches = tag_matcher(if_none_match)
    if if_none_match is not None:
        tag = list_tag(request, await tasks.revision())
        if matches(tag):
            return not_modified(tag)
    found = await tasks.list_whole(_OPEN_WITH_DUE)
    parts = calendar_parts(found, usage_of(request), as_todos=query.as_domain == "todo")
    # Otherwise a browser would store the calendar under the token's name.
    headers = {"ETag": list_tag(request, found.revision), "Content-Disposition": 'inline; filename="tasks.ics"'}
    if isinstance(found, WholeList):
        return await PartsResponse.begin(parts, usage_of(request), headers, _MEDIA_TYPE)
    return Response(b"".join([part async for part in parts]), headers={**headers, **CACHING}, media_type=_MEDIA_TYPE)
