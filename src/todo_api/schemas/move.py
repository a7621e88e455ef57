"""Where to move a task or a project in the order by hand, in bodies."""

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema
from typing_extensions import TypeAliasType

import todo_domain as domain
from todo_api.schemas.due import absent
from todo_api.schemas.formats import broken_rule, whole
from todo_domain.task import MAX_TASK_ID

_FORM: Final = 'must be "first", "last", {"after": 12} or {"before": 12}'
_Anchor = Annotated[int, whole(MAX_TASK_ID)]


class _Beside(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    after: _Anchor = Field(default_factory=absent)
    before: _Anchor = Field(default_factory=absent)


def _read(value: object) -> domain.Move:
    if isinstance(value, dict):
        # Its errors keep their places: Pydantic adds that of the field.
        anchors = _Beside.model_validate(value).model_dump(exclude_unset=True)
        if len(anchors) > 1:
            raise broken_rule("move_place", "must have only one of after and before")
        if anchors:
            return domain.Move(**anchors)
    elif value in ("first", "last"):
        return domain.Move(**{str(value): True})
    raise broken_rule("move_type", _FORM)


def _beside(name: str) -> dict[str, Any]:
    anchor = {"type": "integer", "minimum": 1, "maximum": MAX_TASK_ID}
    return {"type": "object", "properties": {name: anchor}, "required": [name], "additionalProperties": False}


_SCHEMA: Final[dict[str, Any]] = {
    "description": "A place in the order by hand; `after` and `before` name another task or project.",
    "anyOf": [{"type": "string", "enum": ["first", "last"]}, _beside("after"), _beside("before")],
    "examples": ["first", {"after": 12}],
}
# Not of the domain's type, whose schema would become a part of the OpenAPI document.
Move = TypeAliasType("Move", Annotated[Any, PlainValidator(_read), WithJsonSchema(_SCHEMA)])
