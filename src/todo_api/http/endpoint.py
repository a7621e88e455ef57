"""The parameters of an endpoint of an OwnerRoute, checked when the endpoint is defined."""

import inspect
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Any, Final, Self, Union, get_args, get_origin

from fastapi import Request, params
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from starlette.responses import Response

from todo_domain import TaskUseCases

Identify = Callable[[Request, str], Awaitable[TaskUseCases]]
"""A dependency that returns the use cases of the caller, given a part of the path."""

_OPTIONAL_TEXT: Final = str | None
_LISTS: Final = frozenset({list, set, frozenset, tuple})
_UNIONS: Final = frozenset({Union, UnionType})
# Parameters of FastAPI that an OwnerRoute does not support.
_SPECIAL_PARAMETERS: Final = ("websocket", "http_connection", "response", "background_tasks", "security_scopes")
# Settings of FastAPI that an OwnerRoute does not support, with their defaults.
_IGNORED_SETTINGS: Final[Mapping[str, object]] = {
    "response_model_include": None,
    "response_model_exclude": None,
    "response_model_by_alias": True,
    "response_model_exclude_unset": False,
    "response_model_exclude_defaults": False,
    "response_model_exclude_none": False,
    "max_body_size": None,
}


class UnsupportedEndpoint(TypeError):
    """Raised when FastAPI would document something of an endpoint that its route does not support."""


@dataclass(frozen=True, slots=True)
class Model:
    """The parameter for a whole body or a whole query, and its model.

    `lists` are the names of the model's values that are lists. In a query, only these
    parameters may occur more than once.
    """

    name: str
    model: type[BaseModel]
    lists: frozenset[str]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The parameters of an endpoint, by their names in Python.

    - tasks: the use cases of the caller
    - request: the request, or None if the endpoint has no such parameter
    - paths: FastAPI's fields, which parse and check a part of the path
    - headers: the names on the wire; each value is text, or None if the header is absent
    - query, body: models with a property `as_domain`, which raises RuleViolated
    """

    tasks: str
    request: str | None
    paths: tuple[Any, ...]
    headers: Mapping[str, str]
    query: Model | None
    body: Model | None

    @classmethod
    def of(cls, route: APIRoute, identify: Identify, part: str) -> Self:
        """Return the endpoint of a route whose caller is identified by a part of the path.

        Raises UnsupportedEndpoint, which names every parameter that FastAPI would document
        but the route can't bind.
        """
        if faults := "; ".join(_faults(route, identify, part)):
            raise UnsupportedEndpoint(f"{route.name}: {faults}")
        dependant = route.dependant
        return cls(
            tasks=str(dependant.dependencies[0].name),
            request=dependant.request_param_name,
            paths=tuple(dependant.path_params),
            headers={field.name: field.alias for field in dependant.header_params},
            query=_model(dependant.query_params),
            body=_model(dependant.body_params),
        )


def _model(fields: list[Any]) -> Model | None:
    for field in fields:
        model = field.field_info.annotation
        lists = [each.alias or name for name, each in model.model_fields.items() if _is_list(each.annotation)]
        return Model(field.name, model, frozenset(lists))
    return None


def _is_list(annotation: object) -> bool:
    kind = get_origin(annotation)
    return kind in _LISTS or (kind in _UNIONS and any(map(_is_list, get_args(annotation))))


def _faults(route: APIRoute, identify: Identify, part: str) -> Iterator[str]:
    """Name everything in the endpoint or its route that an OwnerRoute does not support."""
    if f"{{{part}}}" not in route.path:
        yield f"the path must have the part {{{part}}}"
    yield from _faults_of_dependencies(route.dependant, identify)
    yield from _faults_of_parameters(route.dependant)
    yield from _faults_of_models(route.dependant)
    for name, default in _IGNORED_SETTINGS.items():
        if getattr(route, name) != default:
            yield f"the setting {name!r} would be ignored"
    if not inspect.iscoroutinefunction(route.endpoint):
        yield "it must be a coroutine function"
    returned = inspect.signature(route.endpoint).return_annotation
    if not (inspect.isclass(returned) and issubclass(returned, Response)):
        yield "its result must be annotated as a Response"


def _faults_of_dependencies(dependant: Dependant, identify: Identify) -> Iterator[str]:
    has_tasks = False
    for each in dependant.dependencies:
        if each.call is identify and not has_tasks:
            has_tasks = True
        else:
            yield f"the dependency {each.name or getattr(each.call, '__name__', each.call)!r} would not be called"
    if not has_tasks:
        yield "it must have a parameter of the type Tasks"


def _faults_of_parameters(dependant: Dependant) -> Iterator[str]:
    for field in dependant.header_params:
        info = field.field_info
        if info.annotation != _OPTIONAL_TEXT or info.metadata or info.default is not None:
            yield f"the header {field.name!r} must be `str | None`, without constraints, with the default None"
    for field in dependant.cookie_params:
        yield f"the cookie {field.name!r} would not be read"
    for kind in _SPECIAL_PARAMETERS:
        if name := getattr(dependant, f"{kind}_param_name"):
            yield f"the parameter {name!r} would not be passed"


def _faults_of_models(dependant: Dependant) -> Iterator[str]:
    for field in dependant.query_params:
        if not _is_model(field.field_info, frozen=True):
            yield f"the query parameter {field.name!r} must be a frozen model with the property `as_domain`"
    for field in dependant.body_params:
        info = field.field_info
        if not _is_model(info) or type(info) is not params.Body or info.embed or not info.is_required():
            yield f"the body {field.name!r} must be a required JSON model with the property `as_domain`, not embedded"
    for field in (*dependant.query_params[1:], *dependant.body_params[1:]):
        yield f"the parameter {field.name!r} must be a part of the one model before it"


def _is_model(info: FieldInfo, *, frozen: bool = False) -> bool:
    model = info.annotation
    return (
        inspect.isclass(model)
        and issubclass(model, BaseModel)
        and hasattr(model, "as_domain")
        and model.model_config.get("frozen", False) >= frozen
    )
