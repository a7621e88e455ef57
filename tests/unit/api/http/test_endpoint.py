"""An OwnerRoute serves an endpoint as FastAPI documents it, or refuses the endpoint at definition."""

# mypy: disable-error-code="empty-body"

from collections.abc import AsyncIterator, Callable, Coroutine
from functools import cached_property
from typing import Annotated, Any

import pytest
from fastapi import BackgroundTasks, Body, Cookie, Depends, File, Form, Header, Query, Request, WebSocket
from fastapi import Path as PathPart
from fastapi.requests import HTTPConnection
from fastapi.security import SecurityScopes
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from tests.integration.api.asgi import app_in_memory, send_request
from todo_api.http.authentication import Tasks
from todo_api.http.endpoint import UnsupportedEndpoint
from todo_api.http.owner_route import OwnerRoute
from todo_api.http.responses import JsonResponse


class Wish(BaseModel):
    name: str

    @cached_property
    def as_domain(self) -> str:
        return self.name


class Search(BaseModel):
    model_config = ConfigDict(frozen=True)

    near: str = "here"
    colour: list[str] = []
    size: set[int] | None = None

    @cached_property
    def as_domain(self) -> str:
        return self.near


class Mutable(BaseModel):
    @cached_property
    def as_domain(self) -> None:
        return None


class Meaningless(BaseModel):
    model_config = ConfigDict(frozen=True)


def nothing() -> None:
    return None


async def read_all(  # noqa: PLR0913, PLR0917 - one of each kind
    request: Request,
    things: Tasks,
    user_id: Annotated[str, PathPart()],
    number: Annotated[int, PathPart(ge=1)],
    search: Annotated[Search, Query()],
    wish: Wish,
    x_wish: Annotated[str | None, Header()] = None,
    other: Annotated[str | None, Header(alias="Other-Wish")] = None,
) -> Response:
    return JsonResponse(
        {
            "path": request.url.path,
            "owner": [things.user_id, user_id],
            "number": number,
            "search": [search.near, search.colour, sorted(search.size or ())],
            "wish": wish.as_domain,
            "headers": [x_wish, other],
        }
    )


def route_of(endpoint: Callable[..., Any], path: str = "/api/{user_id}/things/{number}", **settings: Any) -> OwnerRoute:
    return OwnerRoute(path, endpoint, methods=["POST"], **settings)


def test_an_endpoint_gets_every_supported_kind_of_parameter() -> None:
    app = app_in_memory()
    app.router.routes.append(route_of(read_all))

    response = send_request(
        app,
        "POST",
        "/api/alice/things/7",
        params=[("near", "there"), ("colour", "red"), ("size", "2"), ("size", "1")],
        headers=[("X-Wish", "a"), ("X-Wish", "b")],
        json={"name": "c"},
    )

    assert response.json() == {
        "path": "/api/alice/things/7",
        "owner": ["alice", "alice"],
        "number": 7,
        "search": ["there", ["red"], [1, 2]],
        "wish": "c",
        "headers": ["a, b", None],
    }


def test_a_value_that_breaks_a_constraint_is_refused_and_located() -> None:
    app = app_in_memory()
    app.router.routes.append(route_of(read_all))

    response = send_request(app, "POST", "/api/alice/things/0", params={"size": "x"}, json={"name": 5})

    assert [error["loc"] for error in response.json()["errors"]] == [
        ["path", "number"],
        ["query", "size", 0],
        ["body", "name"],
    ]


async def header(tasks: Tasks, refused: Annotated[int | None, Header()] = None) -> Response: ...
async def default(tasks: Tasks, refused: Annotated[str | None, Header()] = "x") -> Response: ...
async def required(tasks: Tasks, refused: Annotated[str | None, Header()]) -> Response: ...
async def limited(tasks: Tasks, refused: Annotated[str | None, Header(max_length=3)] = None) -> Response: ...
async def scalar(tasks: Tasks, refused: int = 1) -> Response: ...
async def mutable(tasks: Tasks, refused: Annotated[Mutable, Query()]) -> Response: ...
async def meaningless(tasks: Tasks, refused: Annotated[Meaningless, Query()]) -> Response: ...
async def two_queries(tasks: Tasks, search: Annotated[Search, Query()], refused: int = 1) -> Response: ...
async def depends(tasks: Tasks, refused: Annotated[None, Depends(nothing)]) -> Response: ...
async def second_tasks(tasks: Tasks, refused: Tasks) -> Response: ...
async def cookie(tasks: Tasks, refused: Annotated[str | None, Cookie()] = None) -> Response: ...
async def form(tasks: Tasks, refused: Annotated[Wish, Form()]) -> Response: ...
async def file(tasks: Tasks, refused: Annotated[bytes, File()]) -> Response: ...
async def embedded(tasks: Tasks, refused: Annotated[Wish, Body(embed=True)]) -> Response: ...
async def optional(tasks: Tasks, refused: Wish | None = None) -> Response: ...
async def dictionary(tasks: Tasks, refused: dict[str, Any]) -> Response: ...
async def two_bodies(tasks: Tasks, wish: Wish, refused: Wish) -> Response: ...
async def response(tasks: Tasks, refused: Response) -> Response: ...
async def background(tasks: Tasks, refused: BackgroundTasks) -> Response: ...
async def scopes(tasks: Tasks, refused: SecurityScopes) -> Response: ...
async def connection(tasks: Tasks, refused: HTTPConnection) -> Response: ...
async def socket(tasks: Tasks, refused: WebSocket) -> Response: ...


@pytest.mark.parametrize(
    "endpoint",
    [
        *(header, default, required, limited, scalar, mutable, meaningless, two_queries, depends, second_tasks, cookie),
        *(form, file, embedded, optional, dictionary, two_bodies, response, background, scopes, connection, socket),
    ],
)
def test_an_unsupported_parameter_is_refused_at_definition_and_named(
    endpoint: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Without this package FastAPI itself refuses forms, and our check is not reached.
    monkeypatch.setattr("fastapi.dependencies.utils.ensure_multipart_is_installed", lambda: None)

    with pytest.raises(UnsupportedEndpoint, match=rf"^{endpoint.__name__}: .*'refused'"):
        route_of(endpoint)


async def plain(tasks: Tasks) -> Response: ...
async def ownerless() -> Response: ...
async def untyped(tasks: Tasks):  # type: ignore[no-untyped-def]  # noqa: ANN201
    ...


async def a_dictionary(tasks: Tasks) -> dict[str, int]: ...
async def generator(tasks: Tasks) -> AsyncIterator[int]:
    yield tasks  # type: ignore[misc]


def blocking(tasks: Tasks) -> Response: ...


@pytest.mark.parametrize(
    ("endpoint", "fault"),
    [
        (ownerless, "must have a parameter of the type Tasks"),
        (untyped, "result must be annotated as a Response"),
        (a_dictionary, "result must be annotated as a Response"),
        (generator, "result must be annotated as a Response"),
        (blocking, "must be a coroutine function"),
    ],
)
def test_an_unsupported_endpoint_is_refused_at_definition(endpoint: Callable[..., Any], fault: str) -> None:
    with pytest.raises(UnsupportedEndpoint, match=fault):
        route_of(endpoint)


@pytest.mark.parametrize(
    "settings",
    [
        {"response_model_include": {"name"}},
        {"response_model_exclude": {"name"}},
        {"response_model_by_alias": False},
        {"response_model_exclude_unset": True},
        {"response_model_exclude_defaults": True},
        {"response_model_exclude_none": True},
        {"max_body_size": 7},
    ],
)
def test_an_unsupported_setting_is_refused_at_definition_and_named(settings: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedEndpoint, match=f"the setting '{next(iter(settings))}'"):
        route_of(plain, **settings)


def test_a_dependency_of_a_route_is_refused_and_named() -> None:
    with pytest.raises(UnsupportedEndpoint, match="the dependency 'nothing'"):
        route_of(plain, dependencies=[Depends(nothing)])


def test_a_path_without_user_id_is_refused() -> None:
    with pytest.raises(UnsupportedEndpoint, match="user_id"):
        route_of(plain, "/api/things")


def test_all_faults_of_an_endpoint_are_reported_together() -> None:
    async def faulty(first: int, second: Annotated[str | None, Cookie()] = None) -> None: ...

    endpoint: Callable[..., Coroutine[Any, Any, None]] = faulty
    with pytest.raises(UnsupportedEndpoint, match=r"Tasks.*'second'.*'first'.*Response"):
        route_of(endpoint)
