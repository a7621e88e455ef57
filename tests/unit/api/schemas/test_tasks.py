"""The schemas accept what the domain accepts, and responses have the values of the domain."""

import re
from dataclasses import asdict
from datetime import datetime
from typing import Any

import jsonschema_rs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from tests.unit.domain.strategies import CONTROLS, clock_times, drafts, due_patches, instants, patches, tasks
from todo_api.http.responses import json_bytes
from todo_api.schemas.batches import BatchRequest
from todo_api.schemas.due import Due
from todo_api.schemas.feed_parameters import ChangeParameters, SinceParameter
from todo_api.schemas.formats import MULTILINE, single_line
from todo_api.schemas.parameters import ListParameters
from todo_api.schemas.task_bodies import TaskCreate, TaskPatch, TaskUpdate
from todo_api.schemas.tasks import PRIORITIES, TaskResponse, task_response
from todo_domain import DuePatch, RuleViolated, Task, TaskDraft
from todo_domain import TaskPatch as DomainPatch
from todo_domain.rules import Violations

# These characters make white space and control characters frequent.
ODD = " \t\n\r\x00\x0b\x1c\x7f\x85\xa0\u1680\u200b\u2028\u2800\u3000\u3164\ufe0f\ufeffa\U0001f600"
plane_0 = st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"])
texts = st.text(st.sampled_from(ODD), max_size=8) | st.text(plane_0, max_size=8)
PRIORITY_NAMES = {priority: name for name, priority in PRIORITIES.items()}


def accepts(text: str, rule: str, most: int) -> bool:
    found = Violations()
    getattr(found, rule)(("field",), text, most)
    try:
        found.raise_if_any()
    except RuleViolated:
        return False
    return True


@given(texts)
def test_the_pattern_of_a_single_line_matches_exactly_the_accepted_text(text: str) -> None:
    validator = jsonschema_rs.validator_for(single_line(4))

    assert bool(re.search(single_line(4)["pattern"], text)) == accepts(text, "single_line", 4)
    # A JSON schema can't count after trimming, so its limit counts the white space too.
    assert validator.is_valid(text) == (accepts(text, "single_line", 4) and len(text) <= 4)


@pytest.mark.parametrize("text", [*CONTROLS, *(f"a{control}b" for control in CONTROLS)], ids=ascii)
def test_the_pattern_of_multiline_text_matches_exactly_the_accepted_text(text: str) -> None:
    validator = jsonschema_rs.validator_for(MULTILINE)

    assert validator.is_valid(text) == accepts(text, "multiline", 4)


def as_sent(named: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a draft or a patch in the form that a client sends."""
    sent = dict(named)
    if "priority" in sent:
        sent["priority"] = PRIORITY_NAMES[sent["priority"]]
    if "tags" in sent:
        sent["tags"] = list(sent["tags"])
    if "checklist" in sent:
        sent["checklist"] = [asdict(item) for item in sent["checklist"]]
    if due := sent.get("due"):
        sent["due"] = due_as_sent({name: getattr(due, name) for name in ("date", "time", "timezone")})
    return sent


def due_as_sent(parts: dict[str, Any]) -> dict[str, Any]:
    """Return parts of a due in the form that a client sends."""
    sent = dict(parts)
    if "date" in sent:
        sent["date"] = sent["date"].isoformat()
    if "time" in sent:
        sent["time"] = sent["time"] and sent["time"].isoformat("minutes")
    return sent


@given(drafts)
def test_the_body_of_a_post_becomes_its_draft(draft: TaskDraft) -> None:
    fields = {name: getattr(draft, name) for name in TaskDraft.__dataclass_fields__}

    assert TaskCreate.model_validate(as_sent(fields)).as_domain == draft


@given(drafts)
def test_the_body_of_a_put_becomes_a_patch_of_the_fields_it_names(draft: TaskDraft) -> None:
    fields = {name: getattr(draft, name) for name in TaskDraft.__dataclass_fields__}
    required = {"title": draft.title, "complete": draft.complete}

    for named in (fields, required):
        assert TaskUpdate.model_validate(as_sent(named)).as_domain == DomainPatch(**named)


@given(tasks, patches, instants)
def test_the_body_of_a_patch_becomes_its_patch(old: Task, patch: DomainPatch, at: datetime) -> None:
    body = TaskPatch.model_validate(as_sent(patch.named_fields()))

    assert body.as_domain
    assert old.patched(body.as_domain, at) == old.patched(patch, at)


@given(due_patches)
def test_the_due_of_a_patch_becomes_a_patch_of_its_parts(patch: DuePatch) -> None:
    body = TaskPatch.model_validate({"due": due_as_sent(patch.named_parts())})

    assert body.as_domain == DomainPatch(due=patch)


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema(mode="serialization")


@given(tasks)
def test_every_task_response_is_valid_for_its_schema(task: Task) -> None:
    sent = orjson.loads(json_bytes(task_response(task)))

    jsonschema_rs.Draft202012Validator(schema_of(TaskResponse), validate_formats=True).validate(sent)
    assert list(sent) == list(TaskResponse.model_fields)


@given(tasks)
def test_sending_a_task_response_back_changes_nothing(task: Task) -> None:
    sent = orjson.loads(json_bytes(task_response(task)))

    patch = TaskUpdate.model_validate(sent).as_domain

    assert task.patched(patch, task.updated_at) is task


@given(st.dates(), st.none() | clock_times, st.none() | st.sampled_from(["UTC", "Europe/Berlin"]))
def test_the_schema_of_a_due_requires_a_time_with_a_time_zone(date: Any, time: Any, zone: str | None) -> None:
    sent = {"date": date.isoformat(), "time": time and time.isoformat("minutes"), "timezone": zone}
    validator = jsonschema_rs.validator_for(Due.model_json_schema())

    assert validator.is_valid(sent) == (time is not None or zone is None)
    assert validator.is_valid({name: value for name, value in sent.items() if value}) == validator.is_valid(sent)


@pytest.mark.parametrize(
    ("model", "values"),
    [
        *((model, {"title": ["s3cret"]}) for model in (TaskCreate, TaskUpdate, TaskPatch)),
        (TaskCreate, {"title": "a", "due": {"date": "s3cret"}}),
        (TaskCreate, {"title": "a", "checklist": [{"title": ["s3cret"]}]}),
        (BatchRequest, {"operations": [{"op": "create", "task": {"title": ["s3cret"]}}]}),
        (ListParameters, {"q": ["s3cret"]}),
        (SinceParameter, {"since": ["s3cret"]}),
        (ChangeParameters, {"limit": "s3cret"}),
    ],
)
def test_a_validation_error_does_not_contain_the_input(model: type[BaseModel], values: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        model.model_validate(values)

    assert "s3cret" not in str(refused.value)
