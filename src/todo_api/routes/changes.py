"""The endpoints of the change feed: in pages, or live."""

from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response

from todo_api.http.authentication import Tasks, container_of, use_cases
from todo_api.http.openapi import problem_responses, text_content
from todo_api.http.owner_route import OwnerRoute
from todo_api.http.problems import CURSOR_EXPIRED
from todo_api.http.responses import JsonResponse
from todo_api.http.user_limits import usage_of
from todo_api.schemas.changes import ChangesResponse
from todo_api.schemas.feed_parameters import FEED_TOKEN, ChangeParameters, StreamParameters
from todo_api.schemas.serialization import changes_response
from todo_api.streaming.change_stream import ChangeStream
from todo_domain import FeedToken, RuleViolated, Violation


class StreamRoute(OwnerRoute):
    """An OwnerRoute whose response stays open: it counts as a stream, not as a request in progress."""

    is_stream = True


router: Final = APIRouter(prefix="/api/{user_id}/changes", tags=["changes"], route_class=OwnerRoute)
stream_router: Final = APIRouter(prefix="/api/{user_id}/changes", tags=["changes"], route_class=StreamRoute)

LastEventId = Annotated[
    str | None,
    Header(
        alias="Last-Event-ID",
        description="The id of the last event that was received.",
        json_schema_extra=FEED_TOKEN,
    ),
]
_EVENTS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "Events without end. `id` is a feed token, `data` an entry of `changes` as JSON.",
        "content": text_content(
            {"text/event-stream": 'id: k3v9.42\ndata: {"id":7,"deleted":true,"revision":42,"kind":"task"}\n\n'}
        ),
    }
}


@router.get(
    "", operation_id="list_changes", response_model=ChangesResponse, responses=problem_responses(CURSOR_EXPIRED)
)
async def list_changes(request: Request, tasks: Tasks, query: Annotated[ChangeParameters, Query()]) -> Response:
    """Read all changes and deletions since a token.

    Each task appears once, in its latest state. Without `since`, the feed begins with all
    tasks. Store `next` and send it as `since` the next time. 410 means that changes could
    be missing: read everything again, without `since`.

    With `kinds=task,project`, the feed also has projects. Tasks and projects have ids of
    their own, so tell them apart by `kind`. A token continues only a feed of the same kinds.
    """
    page = await tasks.changes(query.as_domain, query.limit, query.wanted_kinds)
    usage_of(request).charge_tasks(page.changes)
    return JsonResponse(changes_response(page))


@stream_router.get(
    "/stream",
    operation_id="stream_changes",
    response_class=Response,
    responses=_EVENTS | problem_responses(CURSOR_EXPIRED),
)
async def stream_changes(
    request: Request,
    tasks: Tasks,
    query: Annotated[StreamParameters, Query()],
    last_event_id: LastEventId = None,
) -> Response:
    """Follow the changes live, as server-sent events.

    The id of an event is a token of the change feed. An EventSource sends it back as
    `Last-Event-ID` when it reconnects, and misses nothing. The stream ends when the
    caller's token expires or is revoked.
    """
    # If several are present, the last one is used, but each must be well-formed.
    since = query.as_domain
    if query.last_event_id is not None:
        since = _resumed(query.last_event_id, "lastEventId")
    if last_event_id is not None:
        since = _resumed(last_event_id, "last_event_id")
    first = await tasks.changes(since, kinds=query.wanted_kinds)
    live_feed = container_of(request).live_feed()
    return ChangeStream(
        tasks,
        first,
        live_feed,
        usage_of(request),
        until=request.scope["principal"].expires_at,
        verify=partial(use_cases, request, tasks.user_id),
    )


def _resumed(last_event_id: str, name: str) -> FeedToken:
    try:
        return FeedToken.parse(last_event_id)
    except RuleViolated:
        message = "must be the id of an event of this stream"
        raise RuleViolated([Violation((name,), "feed_token", message)]) from None
