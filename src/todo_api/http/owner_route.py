"""The route of every endpoint that serves the owner of a list."""

import re
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from itertools import islice
from typing import Any, Final
from urllib.parse import parse_qsl

from fastapi import Request
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from todo_api.http.authentication import use_cases
from todo_api.http.endpoint import Endpoint, Model
from todo_api.http.headers import header_lines
from todo_api.http.hints import hint_for
from todo_api.http.problems import (
    ProblemError,
    error_response,
    invalid,
    method_not_allowed,
    no_such_path,
    problem_response,
)
from todo_api.http.request_body import MAX_BODY_BYTES, read_json_object, refuse_body
from todo_api.schemas.faults import MOST_FAULTS, faults_of, names_of, unknown_name, violation_of
from todo_domain import RuleViolated, TaskUseCases, TodoError, Violation

_MOST_REMEMBERED: Final = 512
_MOST_PARAMETERS: Final = 1000
_REPEATED: Final = ("repeated_name", "must not come twice")
_JSON: Final = ("application/json",)
_PATCH: Final = ("application/json", "application/merge-patch+json")


class OwnerRoute(APIRoute):
    """Checks a request in one order: token, owner, body, parameters; then the endpoint runs.

    FastAPI's own route parses the body before any dependency runs, so a stranger with
    bad JSON would get a 422. This one reads nothing of a body before its sender is
    known to be the owner. It binds the parameters that FastAPI documents without its
    dependency solver, which costs more than a request may (docs/decisions/0005).

    `Endpoint` says which parameters an endpoint may have; any other is refused when the
    endpoint is defined. The models of queries are frozen, since equal queries share one.

    A rule that is violated names a header's parameter, or a field of the body or the
    query; the route says where in the request that is.
    """

    max_body_bytes = MAX_BODY_BYTES

    def __init__(self, *args: Any, **settings: Any) -> None:
        """Take what APIRoute takes. Raises UnsupportedEndpoint."""
        super().__init__(*args, **settings)
        self._asked = Endpoint.of(self)
        self._headers = [(name, alias.lower().encode()) for name, alias in self._asked.headers.items()]
        self._media_types = _PATCH if self.methods == {"PATCH"} else _JSON
        self.app = self._serve

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            tasks = await use_cases(request, scope["path_params"]["user_id"])
            content = None
            if self._asked.body:
                content = await read_json_object(request, self._media_types, self.max_body_bytes)
            else:
                await refuse_body(request)
            response: Response = await self.endpoint(**self._bind(request, tasks, content))
        except RuleViolated as violated:
            response = error_response(request, self._located(violated))
        except (TodoError, ProblemError) as error:
            response = error_response(request, error)
        await response(scope, receive, send)

    def _bind(self, request: Request, tasks: TaskUseCases, content: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return the endpoint's arguments, or refuse with everything that is wrong with them."""
        scope, asked = request.scope, self._asked
        arguments: dict[str, Any] = {asked.tasks: tasks}
        for name, header in self._headers:
            lines = header_lines(scope, header)
            arguments[name] = ", ".join(lines) if lines else None  # one list (RFC 9110 §5.3)
        faults: list[Violation] = []
        for field in asked.paths:
            part = scope["path_params"][field.alias]
            read_part = _read_part if len(part) <= _MOST_REMEMBERED else _read_part.__wrapped__
            arguments[field.name], found = read_part(field, part)
            faults += found
        text = scope["query_string"]
        read_query = _read_query if len(text) <= _MOST_REMEMBERED else _read_query.__wrapped__
        query, found = read_query(asked.query, text)
        faults += found
        if asked.query:
            arguments[asked.query.name] = query
        if asked.body:
            arguments[asked.body.name], found = _read_model(asked.body.model, content, "body")
            faults += found
        if faults:
            is_no_id = faults[0].field[0] == "path"
            raise no_such_path(scope["path"]) if is_no_id and hint_for(scope["path"]) else invalid(faults)
        if asked.request:
            arguments[asked.request] = request
        return arguments

    def _located(self, violated: RuleViolated) -> RuleViolated:
        """Return the error with the places in the request."""
        return RuleViolated([Violation(self._place_of(*v.field), v.code, v.message) for v in violated.violations])

    def _place_of(self, name: str | int, *rest: str | int) -> tuple[str | int, ...]:
        if header := self._asked.headers.get(str(name)):
            return ("header", header)
        return ("body" if self._asked.body else "query", name, *rest)


class OwnerRoutes:
    """Serves the routes of owners before everything that FastAPI puts around a route and they don't need.

    The first path that matches decides, whatever the method: `tasks/batch` is no task.
    The app behind knows these routes too, for its documentation.
    """

    def __init__(self, app: ASGIApp, routes: Iterable[BaseRoute]) -> None:
        self._app = app
        self._resources: dict[re.Pattern[str], dict[str, OwnerRoute]] = {}
        for route in routes:
            if isinstance(route, OwnerRoute):
                methods = self._resources.setdefault(route.path_regex, {})
                methods |= dict.fromkeys(route.methods or (), route)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one request."""
        if scope["type"] == "http":
            for path, routes in self._resources.items():
                if match := path.match(scope["path"]):
                    route = routes.get(scope["method"])
                    scope.update(route=route or next(iter(routes.values())), path_params=match.groupdict())
                    app = route.app if route else problem_response(Request(scope), method_not_allowed(routes))
                    return app(scope, receive, send)
        return self._app(scope, receive, send)


@lru_cache(maxsize=4096)
def _read_part(field: Any, part: str) -> tuple[Any, Sequence[Violation]]:
    """Return what a part of a path means, and what is wrong with it; most ids are small."""
    value, errors = field.validate(part, {}, loc=("path", field.alias))
    return value, [violation_of(error) for error in errors or ()]


@lru_cache(maxsize=256)
def _read_query(asked: Model | None, text: bytes) -> tuple[Any, Sequence[Violation]]:
    """Return what the text of a query means, and what is wrong with it; clients repeat their queries."""
    values: dict[str, list[str]] = {}
    try:
        pairs = parse_qsl(text.decode("latin-1"), keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        message = f"must have at most {_MOST_PARAMETERS} parameters"
        return None, [Violation(("query",), "too_many_parameters", message)]
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    if asked is None:
        return None, [unknown_name(("query", name), (), "parameter") for name in islice(values, MOST_FAULTS)]
    repeated = {
        ("query", name)
        for name, several in values.items()
        if len(several) > 1 and name in names_of(asked.model).keys() - asked.lists
    }
    # Those are lists, which the model refuses.
    named = {
        name: several if name in asked.lists or len(several) > 1 else several[0] for name, several in values.items()
    }
    read, found = _read_model(asked.model, named, "query")
    return read, [Violation(v.field, *_REPEATED) if v.field in repeated else v for v in found]


def _read_model(model: type[BaseModel], values: Any, place: str) -> tuple[Any, Sequence[Violation]]:
    """Return the body or query that has these values, and what is wrong with it, its meaning included."""
    try:
        read: Any = model.model_validate(values)
        read.meaning  # noqa: B018 - it is computed once, and raises
    except (ValidationError, RuleViolated):
        kind = "parameter" if place == "query" else "field"
        faults = getattr(model, "faults", partial(faults_of, model, kind=kind))(values)
        return None, [Violation((place, *v.field), v.code, v.message) for v in islice(faults, MOST_FAULTS)]
    return read, ()
