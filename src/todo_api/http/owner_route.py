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
from todo_api.http.headers import header_lines
from todo_api.http.problems import (
    FieldError,
    ProblemError,
    error_response,
    invalid,
    method_not_allowed,
    problem_response,
)
from todo_api.http.request_body import MAX_BODY_BYTES, read_json_object, refuse_body
from todo_domain import TodoError

_MOST_REMEMBERED: Final = 512
_JSON: Final = ("application/json",)
_PATCH: Final = ("application/json", "application/merge-patch+json")


class OwnerRoute(APIRoute):
    """Judges a request in one order: token, owner, body, parameters; then the endpoint runs.

    FastAPI's own route parses the body before any dependency runs, so a stranger with
    bad JSON would get a 422. This one reads nothing of a body before its sender is
    known to be the owner. It binds the parameters that FastAPI documents without its
    dependency solver, which costs more than a request may (docs/decisions/0005).

    An endpoint has the parameter `tasks`, the use cases of the caller, and besides it
    only path parameters, headers, one model `query` and one model `body`. The models of
    queries are frozen, since equal queries share one.
    """

    max_body_bytes = MAX_BODY_BYTES

    def __init__(self, *args: Any, **settings: Any) -> None:
        """Take what APIRoute takes."""
        super().__init__(*args, **settings)
        self._paths = [
            (field.name, field.alias, field) for field in self.dependant.path_params if field.name != "user_id"
        ]
        self._headers = [(field.name, field.alias.lower().encode()) for field in self.dependant.header_params]
        self._query = _model_of(self.dependant.query_params)
        self._body = _model_of(self.dependant.body_params)
        self._media_types = _PATCH if self.methods == {"PATCH"} else _JSON
        self.app = self._serve

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            tasks = await use_cases(request, scope["path_params"]["user_id"])
            body = await self._read_body(request)
            response: Response = await self.endpoint(tasks=tasks, **self._bind(request, body))
        except (TodoError, ProblemError) as error:
            response = error_response(request, error)
        await response(scope, receive, send)

    async def _read_body(self, request: Request) -> Mapping[str, Any] | None:
        if self._body:
            return await read_json_object(request, self._media_types, self.max_body_bytes)
        refuse_body(request)
        return None

    def _bind(self, request: Request, body: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return the endpoint's arguments, or refuse with everything that is wrong with them."""
        scope, arguments = request.scope, dict[str, Any]()
        for name, header in self._headers:
            lines = header_lines(scope, header)
            arguments[name] = ", ".join(lines) if lines else None  # one list (RFC 9110 §5.3)
        errors: list[FieldError] = []
        for name, alias, field in self._paths:
            part = scope["path_params"][alias]
            read_part = _read_part if len(part) <= _MOST_REMEMBERED else _read_part.__wrapped__
            arguments[name], faults = read_part(field, part)
            errors += faults
        text = scope["query_string"]
        read = _read_query if len(text) <= _MOST_REMEMBERED else _read_query.__wrapped__
        query, faults_of_query = read(self._query, text)
        errors += faults_of_query
        if self._query:
            arguments["query"] = query
        if self._body:
            arguments["body"], faults_of_body = _validated(self._body, body, "body")
            errors += faults_of_body
        if errors:
            raise invalid(errors)
        if self.dependant.request_param_name:
            arguments[self.dependant.request_param_name] = request
        return arguments


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
        return self._app_for(scope)(scope, receive, send)

    def _app_for(self, scope: Scope) -> ASGIApp:
        if scope["type"] == "http":
            for path, routes in self._resources.items():
                if match := path.match(scope["path"]):
                    route = routes.get(scope["method"])
                    scope.update(route=route or next(iter(routes.values())), path_params=match.groupdict())
                    return route.app if route else problem_response(Request(scope), method_not_allowed(routes))
        return self._app


def _model_of(fields: Iterable[Any]) -> type[BaseModel] | None:
    return next((field.field_info.annotation for field in fields), None)


@lru_cache(maxsize=4096)
def _read_part(field: Any, part: str) -> tuple[Any, Sequence[FieldError]]:
    """Return what a part of a path means, and what is wrong with it; most ids are small."""
    value, faults = field.validate(part, {}, loc=("path", field.alias))
    return value, [FieldError(loc=fault["loc"], msg=fault["msg"], type=fault["type"]) for fault in faults or ()]


@lru_cache(maxsize=256)
def _read_query(model: type[BaseModel] | None, text: bytes) -> tuple[BaseModel | None, Sequence[FieldError]]:
    """Return what the text of a query means, and what is wrong with it; callers repeat their queries."""
    values: dict[str, list[str]] = {}
    for name, value in QueryParams(text).multi_items():
        values.setdefault(name, []).append(value)
    if model is None:
        return None, [
            FieldError(loc=["query", name], msg="is no parameter here", type="extra_forbidden") for name in values
        ]
    # What comes more than once is a list.
    named = {name: several if len(several) > 1 else several[0] for name, several in values.items()}
    return _validated(model, named, "query")


def _validated(model: type[BaseModel], values: object, place: str) -> tuple[BaseModel | None, Sequence[FieldError]]:
    try:
        return model.model_validate(values), ()
    except ValidationError as found:
        errors = []
        for fault in found.errors(include_url=False, include_input=False):
            # Pydantic's own sentence for this one repeats the input.
            tags = fault.get("ctx", {}).get("expected_tags")
            message = f"the kind must be one of {tags}" if tags else fault["msg"]
            errors.append(FieldError(loc=[place, *_place(fault["loc"], values)], msg=message, type=fault["type"]))
        return None, errors


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
