"""The route of every endpoint that serves the owner of a list."""

import re
from collections.abc import Awaitable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from fastapi import Request
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.datastructures import QueryParams
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from todo_api.http.authentication import use_cases
from todo_api.http.endpoint import Endpoint, Model
from todo_api.http.headers import header_lines
from todo_api.http.problems import ProblemError, error_response, invalid, method_not_allowed, problem_response
from todo_api.http.request_body import MAX_BODY_BYTES, read_json_object, refuse_body
from todo_domain import RuleViolated, TaskUseCases, TodoError, Violation

_MOST_REMEMBERED: Final = 512
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
                refuse_body(request)
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
            raise invalid(faults)
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
    value, faults = field.validate(part, {}, loc=("path", field.alias))
    return value, [Violation(tuple(fault["loc"]), fault["type"], fault["msg"]) for fault in faults or ()]


@lru_cache(maxsize=256)
def _read_query(asked: Model | None, text: bytes) -> tuple[Any, Sequence[Violation]]:
    """Return what the text of a query means, and what is wrong with it; clients repeat their queries."""
    values: dict[str, list[str]] = {}
    for name, value in QueryParams(text).multi_items():
        values.setdefault(name, []).append(value)
    if asked is None:
        return None, [Violation(("query", name), "extra_forbidden", "is not a parameter here") for name in values]
    named = {
        name: several if name in asked.lists or len(several) > 1 else several[0] for name, several in values.items()
    }
    return _read_model(asked.model, named, "query")


def _read_model(model: type[BaseModel], values: object, place: str) -> tuple[Any, Sequence[Violation]]:
    """Return the body or query that has these values, and what is wrong with it, its meaning included."""
    try:
        read: Any = model.model_validate(values)
        read.meaning  # noqa: B018 - it is computed once, and raises
    except ValidationError as found:
        errors = []
        for fault in found.errors(include_url=False, include_input=False):
            # Pydantic's own sentence for this one repeats the input.
            tags = fault.get("ctx", {}).get("expected_tags")
            message = f"the kind must be one of {tags}" if tags else fault["msg"]
            errors.append(Violation((place, *_place(fault["loc"], values)), fault["type"], message))
        return None, errors
    except RuleViolated as violated:
        return None, violated.at(place).violations
    return read, ()


def _place(loc: tuple[int | str, ...], values: Any) -> Iterator[int | str]:
    """Leave out what Pydantic adds to a place that is not in the input: the kind of an operation, behind its index."""
    before: int | str = ""
    for step in loc or ("",):
        is_kind = isinstance(before, int) and isinstance(values, dict) and values.get("op") == step
        if not is_kind:
            yield step
            values = _inside(values, step)
        before = "" if is_kind else step


def _inside(values: Any, step: int | str) -> Any:
    try:
        return values[step]
    except (KeyError, IndexError, TypeError):
        return None
