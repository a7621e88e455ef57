"""The route of every endpoint that serves the owner of a list."""

import re
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from functools import lru_cache, partial
from itertools import islice
from typing import Any, Final
from urllib.parse import parse_qsl

from fastapi import Request
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as AsgiScope

from todo_api.http.authentication import container_of, use_cases
from todo_api.http.deadlines import PendingRequest
from todo_api.http.endpoint import Endpoint, Identify, Model
from todo_api.http.headers import header_lines
from todo_api.http.hints import hint_for
from todo_api.http.problems import (
    RATE_LIMITED,
    ProblemError,
    error_response,
    invalid,
    method_not_allowed,
    no_such_path,
    problem_response,
)
from todo_api.http.request_body import MAX_BODY_BYTES, json_object, read_body, refuse_body
from todo_api.http.user_limits import REPEAT_REFUSAL, USAGE
from todo_api.schemas.faults import MAX_FAULTS, faults_of, names_of, unknown_name, violation_of
from todo_domain import RuleViolated, Scope, StorageOverloaded, StorageUnavailable, TaskUseCases, TodoError, Violation

_MAX_CACHED_LENGTH: Final = 512
_MAX_PARAMETERS: Final = 1000
_REPEATED: Final = ("repeated_name", "must not occur twice")
_JSON: Final = ("application/json",)
_PATCH: Final = ("application/json", "application/merge-patch+json")


class OwnerRoute(APIRoute):
    """Checks a request in this order: token, owner, scope, limits, body, parameters; then the endpoint runs.

    FastAPI's route parses the body before dependencies run, so a caller without a token
    could get a 422. This route reads no body before it knows that the caller is the
    owner. It binds parameters itself, because FastAPI's dependency solver is too slow
    (docs/decisions/0005).

    `Endpoint` describes which parameters an endpoint may have; any other is refused when
    the endpoint is defined. Models of queries are frozen, because equal queries share one
    object.

    The endpoint of an upload reads the body itself, and bounds its waits itself.

    A GET requires the scope `tasks:read`, any other method `tasks:write`, unless a subclass sets `scope`.
    A subclass may identify the caller by another part of the path than the owner's id.

    An endpoint raises RuleViolated with the names of its header parameters, or of fields
    of the body or the query. The route adds the location in the request.
    """

    max_body_bytes = MAX_BODY_BYTES
    is_stream = False
    is_upload = False
    scope: Scope | None = None
    identify: Identify = staticmethod(use_cases)
    identified_by = "user_id"

    def __init__(self, *args: Any, **settings: Any) -> None:
        """Accept the arguments of APIRoute. Raises UnsupportedEndpoint."""
        super().__init__(*args, **settings)
        self._parameters = Endpoint.of(self, self.identify, self.identified_by)
        self._headers = [(name, alias.lower().encode()) for name, alias in self._parameters.headers.items()]
        self._media_types = _PATCH if self.methods == {"PATCH"} else _JSON
        self.scope = self.scope or (Scope.TASKS_READ if self.methods == {"GET"} else Scope.TASKS_WRITE)
        self.app = self._serve

    async def _serve(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        pending = PendingRequest(container_of(request).deadlines(), scope)
        try:
            try:
                response = await self._respond(request, pending)
            except RuleViolated as violated:
                response = error_response(request, self._located(violated))
            except (TodoError, ProblemError) as error:
                if is_failure_of_store(error) and scope["method"] != "GET":
                    container_of(request).health().write_failed()
                response = error_response(request, error)
                _repeat_refusal(scope, error)
            await response(scope, receive, send)
        finally:
            pending.release()

    async def _respond(self, request: Request, pending: PendingRequest) -> Response:
        tasks = await self.identify(request, request.path_params[self.identified_by])
        request.scope["principal"].require(self.scope)
        usage = request.scope[USAGE] = container_of(request).user_limits().usage_of(tasks.user_id)
        usage.charge_request()
        if self.is_stream:
            usage.begin_stream()
            pending.release = usage.end_stream
        else:
            if not usage.try_begin_request():
                await usage.wait_to_begin(pending)
            pending.release = usage.end_request
        content = None
        if self._parameters.body:
            pending.refuse_again()
            body = await pending.uncounted(read_body(request, self._media_types, self.max_body_bytes))
            usage.charge_bytes(len(body))
            content = json_object(body)
        elif not self.is_upload:
            await refuse_body(request)
        arguments = self._bind(request, tasks, content)
        with nullcontext() if self.is_upload else pending:
            response: Response = await self.endpoint(**arguments)
        return response

    def _bind(self, request: Request, tasks: TaskUseCases, content: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return the arguments of the endpoint. Raises ProblemError with all faults."""
        scope, parameters = request.scope, self._parameters
        arguments: dict[str, Any] = {parameters.tasks: tasks}
        for name, header in self._headers:
            lines = header_lines(scope, header)
            arguments[name] = ", ".join(lines) if lines else None  # one list (RFC 9110 §5.3)
        faults: list[Violation] = []
        for field in parameters.paths:
            part = scope["path_params"][field.alias]
            read_part = _read_part if len(part) <= _MAX_CACHED_LENGTH else _read_part.__wrapped__
            arguments[field.name], found = read_part(field, part)
            faults += found
        scope["task_id"] = arguments.get("task_id")
        text = scope["query_string"]
        read_query = _read_query if len(text) <= _MAX_CACHED_LENGTH else _read_query.__wrapped__
        query, found = read_query(parameters.query, text)
        faults += found
        if parameters.query:
            arguments[parameters.query.name] = query
        if parameters.body:
            arguments[parameters.body.name], found = _read_model(parameters.body.model, content, "body")
            faults += found
        if faults:
            is_bad_id = faults[0].field[0] == "path"
            raise no_such_path(scope["path"]) if is_bad_id and hint_for(scope["path"]) else invalid(faults)
        if parameters.request:
            arguments[parameters.request] = request
        return arguments

    def _located(self, violated: RuleViolated) -> RuleViolated:
        """Return the error with locations in the request."""
        return RuleViolated([Violation(self._place_of(*v.field), v.code, v.message) for v in violated.violations])

    def _place_of(self, *place: str | int) -> tuple[str | int, ...]:
        if place and (header := self._parameters.headers.get(str(place[0]))):
            return ("header", header)
        return ("body" if self._parameters.body or self.is_upload else "query", *place)


class OwnerRoutes:
    """Serves every OwnerRoute directly, without FastAPI's middleware and routing, which these routes don't need.

    The first path that matches is used, whatever the method: `tasks/batch` is not a task.
    The app has the same routes, for its documentation.
    """

    def __init__(self, app: ASGIApp, routes: Iterable[BaseRoute]) -> None:
        self._app = app
        self._resources: dict[re.Pattern[str], dict[str, OwnerRoute]] = {}
        for route in routes:
            if isinstance(route, OwnerRoute):
                methods = self._resources.setdefault(route.path_regex, {})
                methods |= dict.fromkeys(route.methods or (), route)

    def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one request."""
        if scope["type"] == "http":
            for path, routes in self._resources.items():
                if match := path.match(scope["path"]):
                    route = routes.get(scope["method"])
                    scope.update(route=route or next(iter(routes.values())), path_params=match.groupdict())
                    app = route.app if route else problem_response(Request(scope), method_not_allowed(routes))
                    return app(scope, receive, send)
        return self._app(scope, receive, send)


def _repeat_refusal(scope: AsgiScope, error: Exception) -> None:
    """Let the server refuse the same GET again at almost no cost, if it exceeds a bound."""
    repeat = scope.get("state", {}).get(REPEAT_REFUSAL)
    if repeat and scope["method"] == "GET" and isinstance(error, ProblemError) and error.problem_type is RATE_LIMITED:
        repeat(scope, error)


def is_failure_of_store(error: Exception) -> bool:
    """Return whether the store failed, and was not merely too busy."""
    return isinstance(error, StorageUnavailable) and not isinstance(error, StorageOverloaded)


@lru_cache(maxsize=4096)
def _read_part(field: Any, part: str) -> tuple[Any, Sequence[Violation]]:
    """Return the value of a part of the path, and its faults. Cached, because clients repeat ids."""
    value, errors = field.validate(part, {}, loc=("path", field.alias))
    return value, [violation_of(error) for error in errors or ()]


@lru_cache(maxsize=256)
def _read_query(query: Model | None, text: bytes) -> tuple[Any, Sequence[Violation]]:
    """Return the value of a query string, and its faults. Cached, because clients repeat queries."""
    values: dict[str, list[str]] = {}
    try:
        pairs = parse_qsl(text.decode("latin-1"), keep_blank_values=True, max_num_fields=_MAX_PARAMETERS)
    except ValueError:
        message = f"must have at most {_MAX_PARAMETERS} parameters"
        return None, [Violation(("query",), "too_many_parameters", message)]
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    if query is None:
        return None, [unknown_name(("query", name), (), "parameter") for name in islice(values, MAX_FAULTS)]
    repeated = {
        ("query", name)
        for name, several in values.items()
        if len(several) > 1 and name in names_of(query.model).keys() - query.lists
    }
    # A repeated name has a list as its value, which the model refuses.
    named = {
        name: several if name in query.lists or len(several) > 1 else several[0] for name, several in values.items()
    }
    read, found = _read_model(query.model, named, "query")
    return read, [Violation(v.field, *_REPEATED) if v.field in repeated else v for v in found]


def _read_model(model: type[BaseModel], values: Any, place: str) -> tuple[Any, Sequence[Violation]]:
    """Return the body or query with these values, and its faults, in structure and rules."""
    try:
        read: Any = model.model_validate(values)
        read.as_domain  # noqa: B018 - it raises, and is computed only once
    except (ValidationError, RuleViolated):
        kind = "parameter" if place == "query" else "field"
        faults = getattr(model, "faults", partial(faults_of, model, kind=kind))(values)
        return None, [Violation((place, *v.field), v.code, v.message) for v in islice(faults, MAX_FAULTS)]
    return read, ()
