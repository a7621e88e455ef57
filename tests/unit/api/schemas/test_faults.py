"""Each fault of a wrong body is reported once, with its location, in the terms of the API."""

import re
from typing import Any, ClassVar, get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core.core_schema import ErrorType

from tests.tokens import JSON
from todo_api.schemas.batches import BatchRequest
from todo_api.schemas.faults import MAX_FAULTS, faults_of, violation_of
from todo_api.schemas.parameters import ListParameters
from todo_api.schemas.task_bodies import TaskCreate, TaskPatch, TaskUpdate
from todo_domain import EmptyPatch, RuleViolated, Violation

Place = tuple[str | int, ...]

MARK = "zqxj"
PYTHON = re.compile(
    r"\b(str|string|int|integer|dict|dictionary|instance|bool|boolean|None|class|model|tuple|float|[Ii]nput|extra"
    r"|Due|DuePatch|Task\w+|\w+Operation|valid [a-z]+|pydantic|discriminator|tag '|literal)\b"
)
MISSING = object()

# For each field: right values, and wrong values with the locations of their faults.
RIGHT: dict[str, list[Any]] = {
    "title": ["a"],
    "description": [None, "a"],
    "complete": [True],
    "priority": ["low"],
    "due": [None, {"date": "2026-12-01"}, {"date": "2026-12-01", "time": "17:00", "timezone": "UTC"}],
    "tags": [[], ["a", "b"]],
    "checklist": [[], [{"title": "a"}, {"title": "b", "complete": True}]],
    "revision": [MARK],
}
TITLES: list[Any] = [None, 5, "", " ", MARK * 60, f"{MARK}\ta", f"{MARK}\ud800", [MARK]]
DESCRIPTIONS: list[Any] = [5, MARK * 300, f"{MARK}\0", {MARK: 1}]
FLAGS: list[Any] = [None, MARK, 1, "true"]
PRIORITIES: list[Any] = [None, MARK, 2, []]


def whole(values: list[Any]) -> list[tuple[Any, list[Place]]]:
    """Return the values with one fault each, at the value itself."""
    return [(value, [()]) for value in values]


WRONG: dict[str, list[tuple[Any, list[Place]]]] = {
    "title": whole(TITLES),
    "description": whole(DESCRIPTIONS),
    "complete": whole(FLAGS),
    "priority": whole(PRIORITIES),
    "due": [
        *whole([MARK, []]),
        ({"date": MARK}, [("date",)]),
        ({"date": None, "time": 5}, [("date",), ("time",)]),
        ({"date": MARK, "time": "17:00", "timezone": MARK}, [("date",), ("timezone",)]),
        ({"date": "2026-12-01", "timezone": 5}, [("timezone",)]),
        ({"date": "2026-12-01", MARK: 1, "\ud800": 2}, [(MARK,), ("?",)]),
    ],
    "tags": [
        *whole([MARK, [MARK] * 21]),
        ([5, "a", "", None, f"{MARK}\ta"], [(0,), (2,), (3,), (4,)]),
        ([{MARK: 1}], [(0,)]),
    ],
    "checklist": [
        *whole([None, MARK, {}, [{"title": MARK}] * 101, [MARK] * 101]),
        ([MARK, {"title": "a"}, {}, None], [(0,), (2, "title"), (3,)]),
        (
            [{"title": "a", "complete": None}, {"title": " ", "complete": MARK}],
            [(0, "complete"), (1, "title"), (1, "complete")],
        ),
        (
            [{"title": "a", MARK: 1}, {"title": f"{MARK}\ta"}, {"title": MARK * 60, "x": 1}],
            [(0, MARK), (1, "title"), (2, "title"), (2, "x")],
        ),
    ],
    MARK: whole([5, {}]),
}


@st.composite
def tasks_with_faults(draw: st.DrawFn) -> tuple[dict[str, Any], set[Place]]:
    """Generate the body of a task and the locations of its faults."""
    body: dict[str, Any] = {"title": "a"}
    faults: set[Place] = set()
    for name in draw(st.lists(st.sampled_from([*WRONG, "revision"]), unique=True)):
        if name in WRONG and draw(st.booleans()):
            body[name], places = draw(st.sampled_from(WRONG[name]))
            faults |= {(name, *place) for place in places}
        elif name in RIGHT:
            body[name] = draw(st.sampled_from(RIGHT[name]))
    return body, faults


@st.composite
def batches_with_faults(draw: st.DrawFn) -> tuple[dict[str, Any], set[Place]]:
    """Generate the body of a batch and the locations of its faults."""
    operations: list[Any] = []
    faults: set[Place] = set()
    for index in range(draw(st.integers(1, 4))):
        task, places = draw(tasks_with_faults())
        choices: list[tuple[Any, set[Place]]] = [
            ({"op": "create", "task": task}, {("task", *place) for place in places}),
            ({"op": "patch", "id": MARK, "task": task}, {("id",), *(("task", *place) for place in places)}),
            ({"op": "patch", "id": 1, "task": {MARK: 1}}, {("task", MARK)}),
            ({"op": "delete", "id": 0, "if_revision": 1.5, MARK: 1}, {("id",), ("if_revision",), (MARK,)}),
            ({"op": "delete", "id": 7.0, "if_revision": None}, set()),
            ({"op": "create"}, {("task",)}),
            ({"op": MARK, "task": 5}, {("op",)}),
            ({"op": [MARK]}, {("op",)}),
            ({}, {("op",)}),
            (MARK, {()}),
        ]
        operation, found = draw(st.sampled_from(choices))
        operations.append(operation)
        faults |= {("operations", index, *place) for place in found}
    return {"operations": operations}, faults


def faults_in(model: type[BaseModel], body: dict[str, Any]) -> list[Violation]:
    """Return the faults of a body, or none if the model accepts it."""
    try:
        _ = model.model_validate(body).as_domain  # type: ignore[attr-defined]
    except EmptyPatch:
        return []
    except (ValidationError, RuleViolated):
        return list(getattr(model, "faults", lambda values: faults_of(model, values))(body))
    return []


def place_in(value: Any, place: Place) -> Any:
    for step in place:
        value = value.get(step, MISSING) if isinstance(value, dict) and value is not MISSING else value[step]
    return value


@pytest.mark.parametrize("model", [TaskCreate, TaskPatch])
@given(tasks_with_faults())
def test_each_fault_of_a_task_is_reported_once_with_its_location(
    model: type[BaseModel], given: tuple[dict[str, Any], set[Place]]
) -> None:
    body, expected = given

    found = [each.field for each in faults_in(model, body)]

    assert sorted(found, key=str) == sorted(expected, key=str)


@given(batches_with_faults())
def test_each_fault_of_a_batch_is_reported_once_with_its_location(given: tuple[dict[str, Any], set[Place]]) -> None:
    body, expected = given

    found = [each.field for each in faults_in(BatchRequest, body)]

    assert sorted(found, key=str) == sorted(expected, key=str)


@given(tasks_with_faults() | batches_with_faults())
def test_no_message_mentions_the_input_or_python(given: tuple[dict[str, Any], set[Place]]) -> None:
    body, _ = given

    for model in (TaskCreate, TaskUpdate, TaskPatch, BatchRequest):
        for each in faults_in(model, body):
            assert MARK not in each.message
            assert not PYTHON.search(each.message), each.message
            assert not PYTHON.search(each.code), each.code


objects = st.dictionaries(st.sampled_from([*RIGHT, "operations", "task", "op", "x"]) | st.text(max_size=3), JSON)


@given(objects | st.lists(objects | JSON, max_size=3).map(lambda operations: {"operations": operations}))
@example({"title": "a", "due": {"date": "2026-12-01", "timezone": "UTC"}})
def test_every_fault_of_any_body_has_an_existing_or_missing_location(body: dict[str, Any]) -> None:
    for model in (TaskCreate, TaskUpdate, TaskPatch, BatchRequest):
        found = faults_in(model, body)

        assert len({(each.field, each.message) for each in found}) == len(found)
        for each in found:
            is_missing = place_in(body, each.field) is MISSING
            assert is_missing == (each.code == "missing")
            assert not PYTHON.search(each.message), each.message


def test_a_time_zone_without_a_time_is_reported_among_other_faults_of_the_due() -> None:
    found = faults_in(TaskCreate, {"title": "a", "due": {"date": "x", "timezone": "UTC"}})

    assert [(each.field, each.message) for each in found] == [
        (("due", "date"), "must be a day, such as 2026-12-01"),
        (("due", "timezone"), "needs a time"),
    ]


def test_a_cursor_is_not_checked_against_an_invalid_query() -> None:
    wrong = {"limit": "x", "cursor": "y"}

    assert [each.field for each in faults_of(ListParameters, wrong, "parameter")] == [("limit",)]
    assert [each.field for each in faults_in(ListParameters, {"cursor": "y", "x": "1"})] == [("cursor",), ("x",)]


def test_each_wrong_entry_of_a_list_without_an_example_is_reported() -> None:
    found = faults_in(ListParameters, {"priority": ["x", "low", "y"], "limit": "0"})

    assert [each.field for each in found] == [("priority", 0), ("priority", 2), ("limit",)]


QUERY_TEXTS = st.sampled_from(["", "true", "low", "title", "2026-12-01", "7", "501", MARK]) | st.text(max_size=3)


@given(st.dictionaries(st.sampled_from([*ListParameters.model_fields, "x"]), QUERY_TEXTS | st.lists(QUERY_TEXTS)))
def test_every_fault_of_any_query_names_a_parameter_and_does_not_mention_python(query: dict[str, Any]) -> None:
    found = faults_in(ListParameters, query)

    assert len({(each.field, each.message) for each in found}) == len(found)
    for each in found:
        assert each.field[0] in query
        assert MARK not in each.message
        assert not PYTHON.search(each.message), each.message


def test_an_empty_patch_in_a_batch_is_reported_among_other_faults() -> None:
    operations = [{"op": "patch", "id": 1, "task": {}}, {"op": "create", "task": {"title": ""}}]

    found = faults_in(BatchRequest, {"operations": operations})

    assert [(each.field, each.code) for each in found] == [
        (("operations", 0), "empty_patch"),
        (("operations", 1, "task", "title"), "text_too_short"),
    ]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "missing"),
        ({"operations": {}}, "list_type"),
        ({"operations": []}, "batch_size"),
        ({"operations": [5] * 101}, "batch_size"),
        ({"operations": [{"op": "delete", "id": 1}] * 101}, "batch_size"),
    ],
)
def test_the_size_of_a_batch_is_checked_before_its_operations(body: dict[str, Any], code: str) -> None:
    found = faults_in(BatchRequest, body)

    assert [(each.field, each.code) for each in found] == [(("operations",), code)]


def test_at_most_100_unknown_names_or_wrong_entries_are_reported() -> None:
    unknown = list(faults_of(TaskCreate, {"title": "a", **{f"x{number}": 1 for number in range(3000)}}))
    entries = list(faults_of(TaskCreate, {"title": "a", "tags": [5] * 3000}))
    in_items = list(faults_of(TaskCreate, {"title": "a", "checklist": [{"title": "a", "x": 1, "y": 2}] * 100}))

    assert len(unknown) == len(entries) == len(in_items) == MAX_FAULTS


def test_a_checklist_is_counted_before_its_items_are_validated() -> None:
    found = faults_in(TaskCreate, {"title": "a", "checklist": [{"title": 5, "complete": MARK}] * 3000})

    assert [(each.field, each.message) for each in found] == [(("checklist",), "must have at most 100 items")]


class Plain(BaseModel):
    """A model without examples."""

    model_config = ConfigDict(strict=True)

    name: str
    number: float = 1
    as_domain: ClassVar = None


def test_a_wrong_value_without_an_example_is_reported_once() -> None:
    assert [each.field for each in faults_of(Plain, {"name": 5})] == [("name",)]


def test_a_fault_that_the_table_does_not_have_gets_a_general_message() -> None:
    (found,) = faults_of(Plain, {"name": "a", "number": MARK})

    assert (found.code, found.message) == ("invalid", "is not valid")


@pytest.mark.parametrize("kind", get_args(ErrorType))
def test_no_error_of_pydantic_is_reported_with_its_own_message(kind: str) -> None:
    context = {"expected": "'low' or 'high'", "class_name": "Due"}

    violation = violation_of({"type": kind, "loc": ("a",), "msg": "Input should be", "input": MARK, "ctx": context})

    assert violation.field == ("a",)
    assert not PYTHON.search(violation.message)
