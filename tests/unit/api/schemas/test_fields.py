"""Rules for every field of the bodies and every parameter of the list, including those added later."""

import datetime as dt
from dataclasses import fields
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from todo_adapters.contract.field_values import CONDITION_VALUES, EVERY_FIELD
from todo_api.schemas.parameters import ListParameters
from todo_api.schemas.task_bodies import TaskCreate, TaskPatch, TaskUpdate
from todo_api.schemas.tasks import EXAMPLE_TASK, PRIORITIES, TaskResponse
from todo_domain import Priority, SortKey, Task, TaskDraft, TaskQuery

PRIORITY_NAMES = {priority: name for name, priority in PRIORITIES.items()}
DRAFT_FIELDS = {field.name for field in fields(TaskDraft)}


@pytest.mark.parametrize("body", [TaskCreate, TaskUpdate, TaskPatch])
def test_a_body_has_every_field_that_a_client_decides(body: type[BaseModel]) -> None:
    assert body.model_fields.keys() == DRAFT_FIELDS | {"move"}


def test_a_response_has_every_field_of_a_task_except_the_hidden_one() -> None:
    assert TaskResponse.model_fields.keys() == {*Task._fields, "complete"} - {"succeeds"} == EXAMPLE_TASK.keys()


def test_the_defaults_of_a_new_task_are_those_of_the_domain() -> None:
    assert TaskCreate(title="x").as_domain == TaskDraft(title="x")


def test_the_list_has_a_parameter_for_every_condition() -> None:
    expected = {field.name for field in fields(TaskQuery) if field.init} - {"descending"}

    assert ListParameters.model_fields.keys() == expected


def text_of(value: Any) -> Any:
    """Return the value of a condition in the form that a client sends."""
    if isinstance(value, tuple | frozenset):
        return [text_of(each) for each in value]
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Priority):
        return PRIORITY_NAMES[value]
    return value.isoformat() if isinstance(value, dt.date) else str(value)


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, values in CONDITION_VALUES.items() for value in values if value is not None],
    ids=ascii,
)
def test_a_parameter_becomes_its_condition(name: str, value: Any) -> None:
    parameters = ListParameters.model_validate({name: text_of(value)})

    assert parameters.as_domain == TaskQuery(**{name: value})


@pytest.mark.parametrize("sort", SortKey)
def test_a_sort_becomes_an_order_and_a_direction(sort: SortKey) -> None:
    assert ListParameters.model_validate({"sort": f"{sort}"}).as_domain == TaskQuery(sort=sort)
    assert ListParameters.model_validate({"sort": f"-{sort}"}).as_domain == TaskQuery(sort=sort, descending=True)


def kinds(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the variants of a schema by their type."""
    return {variant.get("type", ""): variant for variant in schema.get("anyOf", [schema])}


@pytest.mark.parametrize("name", ListParameters.model_fields)
def test_a_malformed_number_or_flag_is_refused_and_its_parameter_named(name: str) -> None:
    schema = ListParameters.model_json_schema()["properties"][name]
    if not {"integer", "boolean"} & kinds(schema).keys():
        return

    for text in ("", "x", "1.0", " 1", "-1", "1e1", "\u0661", "True"):
        with pytest.raises(ValidationError) as refusal:
            ListParameters.model_validate({name: text})

        assert [error["loc"] for error in refusal.value.errors()] == [(name,)]


def test_every_field_has_a_value_that_is_not_its_default_unless_the_recurrence_excludes_it() -> None:
    default = {field.name for field in fields(TaskDraft) if getattr(EVERY_FIELD, field.name) == field.default}

    assert default == {"complete"}
