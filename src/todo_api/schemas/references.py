"""References in the operations of a batch."""

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, TypeAdapter, WithJsonSchema
from typing_extensions import TypeAliasType

import todo_domain as domain
from todo_api.schemas.formats import Id, single_line
from todo_domain.references import MAX_REF_LENGTH
from todo_domain.rules import MAX_ID

RefName = Annotated[str, Field(json_schema_extra=single_line(MAX_REF_LENGTH))]
_ID: Final[TypeAdapter[int]] = TypeAdapter(Id)


class _Reference(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    ref: RefName


def _read(value: object) -> int | domain.Ref:
    if isinstance(value, dict):
        # Its errors keep their places: Pydantic adds that of the field.
        return domain.Ref(_Reference.model_validate(value).ref)
    return _ID.validate_python(value)


_SCHEMA: Final[dict[str, Any]] = {
    "description": "An id, or the `ref` of an earlier operation of the same batch.",
    "anyOf": [
        {"type": "integer", "minimum": 1, "maximum": MAX_ID},
        {
            "type": "object",
            "properties": {"ref": {"type": "string", **single_line(MAX_REF_LENGTH)}},
            "required": ["ref"],
            "additionalProperties": False,
        },
    ],
    "examples": [12, {"ref": "a"}],
}
# Not of the domain's type, whose schema would become a part of the OpenAPI document.
IdOrRef = TypeAliasType("IdOrRef", Annotated[Any, PlainValidator(_read), WithJsonSchema(_SCHEMA)])
