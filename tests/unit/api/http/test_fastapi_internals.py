"""The internals of FastAPI and Starlette that OwnerRoute depends on."""

from typing import Annotated

import pytest
from fastapi import APIRouter, Header, Path, Query, Request
from fastapi.routing import APIRoute
from pydantic import BaseModel

router = APIRouter()


class Found(BaseModel):
    q: str | None = None


class Body(BaseModel):
    title: str


@router.post("/{task_id}")
async def endpoint(
    request: Request,
    task_id: Annotated[int, Path(ge=1)],
    query: Annotated[Found, Query()],
    body: Body,
    if_match: Annotated[str | None, Header()] = None,
) -> None:
    del request, task_id, query, body, if_match


@pytest.fixture
def route() -> APIRoute:
    (found,) = router.routes
    assert isinstance(found, APIRoute)
    return found


def test_fastapi_groups_the_parameters_of_an_endpoint_by_location(route: APIRoute) -> None:
    found = route.dependant

    assert [(field.name, field.alias) for field in found.path_params] == [("task_id", "task_id")]
    assert [(field.name, field.alias) for field in found.header_params] == [("if_match", "if-match")]
    assert [field.field_info.annotation for field in found.query_params] == [Found]
    assert [field.field_info.annotation for field in found.body_params] == [Body]
    assert found.request_param_name == "request"


def test_fastapi_validates_a_path_parameter_and_lists_its_faults(route: APIRoute) -> None:
    (field,) = route.dependant.path_params

    value, _ = field.validate("7", {}, loc=("path", "task_id"))
    _, faults = field.validate("0", {}, loc=("path", "task_id"))

    assert value == 7
    assert [(fault["loc"], fault["type"]) for fault in faults] == [(("path", "task_id"), "greater_than_equal")]


def test_a_starlette_route_has_an_app_and_a_path_expression(route: APIRoute) -> None:
    assert callable(route.app)
    assert route.path_regex.match("/7")
    assert route.methods == {"POST"}
