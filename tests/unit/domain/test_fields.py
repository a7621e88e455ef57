"""Rules for every field of a task and every condition of a query, including those added later."""

import datetime as dt
from dataclasses import fields, replace
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from tests.unit.domain.strategies import ALICE, NOON, task
from todo_adapters.contract.field_values import (
    CONDITION_VALUES,
    DAY,
    DRAFT_VALUES,
    EVERY_FIELD,
    PATCH_VALUES,
    draft_with,
    values_of,
)
from todo_domain import (
    ABSENT,
    Create,
    Due,
    IdempotencyKey,
    Patch,
    Recurrence,
    RuleViolated,
    SortKey,
    Task,
    TaskDraft,
    TaskPatch,
    TaskQuery,
)
from todo_domain.batch import Batch

DRAFTS = [
    EVERY_FIELD,
    *(draft_with(name, value) for name, values in DRAFT_VALUES.items() for value in values),
]
ANYTHING: list[Any] = [None, True, 5, -1, 1.5, "x", b"x", [], {}, dt.date(2026, 1, 1), NOON, object()]
DEFAULTS: dict[str, Any] = {
    field.name: {field.name: field.default} for field in fields(TaskDraft) if field.name != "title"
}
every_draft_value = pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in DRAFT_VALUES.items() for value in values], ids=ascii
)
every_patch_value = pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in PATCH_VALUES.items() for value in values], ids=ascii
)
every_condition = pytest.mark.parametrize("name", CONDITION_VALUES)


def kinds(hint: Any) -> set[type]:
    """Return the types of the values that a field may have."""
    origin = get_origin(hint)
    if origin in (tuple, frozenset):
        return {tuple, list} if origin is tuple else {frozenset}
    return set[type]().union(*map(kinds, get_args(hint))) or {hint}


def fingerprint(request: object) -> str:
    return IdempotencyKey.of_request("key", request).fingerprint


def given(task: Task, name: str) -> Any:
    """Return a value of a task as a caller gives it."""
    value = getattr(task, name)
    return value.draft if isinstance(value, Recurrence) else value


def test_a_task_has_the_fields_of_a_draft_and_of_a_patch() -> None:
    decided = {field.name for field in fields(TaskDraft)}

    assert {field.name for field in fields(TaskPatch)} == decided
    assert decided - {"complete"} == set(Task._fields) & decided


@every_draft_value
def test_a_new_task_has_every_value_of_its_draft(name: str, value: Any) -> None:
    draft = draft_with(name, value)

    new = Task.from_draft(draft, user_id=ALICE, id=1, revision=1, at=NOON)

    assert given(new, name) == getattr(draft, name)


@every_draft_value
def test_a_patch_gives_a_task_every_value(name: str, value: Any) -> None:
    patch = TaskPatch(**{name: value})

    patched = task("another", due=None if name == "due" else Due(DAY)).patched(patch, NOON)

    assert given(patched, name) == getattr(patch, name)
    assert patched.patched(patch, NOON) is patched


@pytest.mark.parametrize("make", [TaskDraft, TaskPatch, TaskQuery])
def test_a_value_of_another_type_is_refused_by_the_name_of_its_field(make: type[Any]) -> None:
    for name, hint in get_type_hints(make).items():
        if name in {"after", "_identity", "cursor"}:
            continue
        for value in ANYTHING:
            if type(value) in kinds(hint) or (value is None and NoneType in kinds(hint)):
                continue
            named = {"title": "x", name: value} if make is TaskDraft else {name: value}

            with pytest.raises(RuleViolated) as refusal:
                make(**named)

            assert {violation.field[0] for violation in refusal.value.violations} == {name}


@pytest.mark.parametrize("name", ["title", "complete", "priority", "tags", "checklist"])
def test_null_clears_no_field_that_a_task_needs(name: str) -> None:
    assert None not in PATCH_VALUES[name]


@every_draft_value
def test_a_value_changes_the_fingerprint_of_a_draft_unless_it_is_the_default(name: str, value: Any) -> None:
    draft = draft_with(name, value)
    other: TaskDraft = replace(draft, **DEFAULTS.get(name, {"title": "x"}))

    assert (fingerprint(draft) == fingerprint(other)) is (draft == other)
    assert (fingerprint(Batch((Create(draft),))) == fingerprint(Batch((Create(other),)))) is (draft == other)


@every_patch_value
def test_every_value_changes_the_fingerprint_of_a_patch(name: str, value: Any) -> None:
    other = {"title": "x"} if name != "title" else {"complete": True}
    requests = [Batch((Patch(1, TaskPatch(**named)),)) for named in (other, {**other, name: value})]

    assert len(set(map(fingerprint, requests))) == 2


def test_a_field_that_is_given_its_default_changes_no_fingerprint() -> None:
    defaults: dict[str, Any] = {field.name: field.default for field in fields(TaskDraft) if field.name != "title"}

    assert fingerprint(TaskDraft(title="x", **defaults)) == fingerprint(TaskDraft(title="x"))


def test_a_patch_names_no_field_by_default() -> None:
    assert {field.default for field in fields(TaskPatch)} == {ABSENT}


@every_condition
def test_a_condition_separates_tasks(name: str) -> None:
    tasks = [Task.from_draft(draft, user_id=ALICE, id=1, revision=1, at=NOON) for draft in DRAFTS]

    found = [sum(map(TaskQuery(**{name: value}).matches, tasks)) for value in CONDITION_VALUES[name]]

    assert any(0 < count < len(tasks) for count in found)


@every_condition
def test_every_value_of_a_condition_makes_another_query(name: str) -> None:
    queries = {TaskQuery(**{name: value}) for value in CONDITION_VALUES[name]}

    cursors = {query.cursor_after(task()) for query in queries | {TaskQuery()}}

    assert len(cursors) == len(queries | {TaskQuery()})


def test_every_order_makes_another_query() -> None:
    queries = [TaskQuery(sort=sort, descending=descending) for sort in SortKey for descending in (False, True)]

    assert len({query.cursor_after(task()) for query in queries}) == len(queries)


def test_a_field_of_a_type_without_values_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TaskDraft.__annotations__, "tags", dict)

    with pytest.raises(TypeError, match=r"no value for TaskDraft\.tags"):
        values_of(TaskDraft, title="x", due=Due(DAY))
