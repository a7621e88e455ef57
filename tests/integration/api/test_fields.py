"""The schemas and the server agree about every field and parameter, including those added later."""

from typing import Any, Final

import httpx
import jsonschema_rs
import pytest

from tests.integration.api.asgi import app_in_memory
from tests.integration.api.problems import places, refusal
from todo_api.schemas.task_bodies import TaskCreate, TaskPatch, TaskUpdate
from todo_api.schemas.tasks import EXAMPLE_TASK

DOCUMENT: Final = app_in_memory().openapi()
SCHEMAS: Final = DOCUMENT["components"]["schemas"]
ANYTHING: Final[list[Any]] = [
    *(None, True, False, 0, 1, -1, 7.0, 1.5, 1e300, 2**53, 100_001, 10**15, "", "a", "1", "true", "high"),
    *([], {}, [None], [1], ["a"], [["a"]], {"a": 1}, {"date": "2026-12-01"}, {"date": None}),
    *("first", "last", {"first": True}, {"after": None}, {"before": 0}, {"after": 1.5}, {"after": 1, "before": 1}),
]
BODIES: Final = {"POST": TaskCreate, "PUT": TaskUpdate, "PATCH": TaskPatch}
LISTED: Final = {
    parameter["name"]: parameter["schema"]
    for parameter in DOCUMENT["paths"]["/api/{user_id}/tasks"]["get"]["parameters"]
    if parameter["in"] == "query"
}


def limits(schema: Any) -> list[int]:
    """Return the numbers at the limits of a schema, and one below and above each."""
    if isinstance(schema, list):
        return [number for each in schema for number in limits(each)]
    if not isinstance(schema, dict):
        return []
    ends = [schema[name] for name in ("minimum", "maximum") if name in schema]
    return [end + step for end in ends for step in (-1, 0, 1)] + limits(schema.get("anyOf"))


def has_value(stored: Any, sent: Any) -> bool:
    """Return whether the stored value is the one that was sent; a stored object may have more parts."""
    return stored.items() >= sent.items() if isinstance(sent, dict) else bool(stored == sent)


@pytest.mark.parametrize("method", BODIES)
@pytest.mark.parametrize("name", TaskCreate.model_fields)
def test_a_body_is_accepted_if_and_only_if_its_schema_allows_it(alice: httpx.Client, method: str, name: str) -> None:
    schema = SCHEMAS[BODIES[method].__name__]
    validator = jsonschema_rs.validator_for({**schema, "components": DOCUMENT["components"]}, validate_formats=True)

    for value in [*ANYTHING, *limits(schema["properties"][name]), EXAMPLE_TASK.get(name, "first")]:
        body = {"title": "a", "complete": False, name: value}
        # A task that recurs can't lose its due.
        stored = {**EXAMPLE_TASK, "recurrence": None} if name == "due" else EXAMPLE_TASK
        task_id = alice.post("/tasks", json=stored).json()["id"]
        response = alice.request(method, "/tasks" if method == "POST" else f"/tasks/{task_id}", json=body)

        is_valid = response.is_success or "unknown_project" in response.text
        assert is_valid is validator.is_valid(body), f"{value!r}: {response.text}"
        if response.is_success:
            assert name == "move" or has_value(response.json()[name], value)
        else:
            assert refusal(response) == (422, "VALIDATION_ERROR")
            assert places(response)[0][:2] == ["body", name]


@pytest.mark.parametrize("name", [name for name, schema in LISTED.items() if limits(schema)])
def test_a_number_in_the_query_is_accepted_if_and_only_if_its_schema_allows_it(alice: httpx.Client, name: str) -> None:
    for number in limits(LISTED[name]):
        response = alice.get("/tasks", params={name: number})

        assert response.is_success is jsonschema_rs.is_valid(LISTED[name], number), f"{number}: {response.text}"
        if not response.is_success:
            assert refusal(response) == (422, "VALIDATION_ERROR")
            assert places(response) == [["query", name]]
