"""How a task recurs, in bodies."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

import todo_domain as domain
from todo_api.schemas.due import absent
from todo_api.schemas.formats import Day
from todo_domain.recurrence.parsing import MAX_RULE_LENGTH

EXAMPLE_RECURRENCE: Final[dict[str, Any]] = {"rule": "FREQ=WEEKLY;BYDAY=MO,TH", "from": "due", "anchor": "2026-12-01"}

_PART: Final = "(FREQ|INTERVAL|WKST|BYMONTH|BYMONTHDAY|BYDAY|BYSETPOS|COUNT|UNTIL)=[A-Z0-9+,-]+"
Rule = Annotated[
    str,
    Field(
        description="A subset of RFC 5545's RRULE, such as `FREQ=WEEKLY;BYDAY=MO,TH`.",
        json_schema_extra={
            "maxLength": MAX_RULE_LENGTH,
            "pattern": f"^{_PART}(;{_PART})*$",
            "format": "recurrence-rule",
            "examples": [EXAMPLE_RECURRENCE["rule"]],
        },
    ),
]
From = Annotated[
    Literal["due", "completion"],
    Field(description="What the next due is counted from: this due, or the day of completion."),
]
_Anchor = Annotated[
    Any,
    WithJsonSchema(
        {"type": "string", "format": "date", "readOnly": True, "description": "Read-only: accepted and ignored."}
    ),
]


class _RecurrenceBody(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", json_schema_extra={"examples": [EXAMPLE_RECURRENCE]})

    def _values(self) -> dict[str, Any]:
        """Return the fields in the body that a client decides, with values of the domain."""
        values = {name: getattr(self, name) for name in self.model_fields_set if name != "anchor"}
        if "counted_from" in values:
            values["counted_from"] = domain.CountedFrom(values["counted_from"])
        return values


class RecurrenceCreate(_RecurrenceBody):
    """How a task recurs: completing it adds a new task with the next due."""

    rule: Rule
    counted_from: From = Field("due", alias="from")
    anchor: _Anchor = None

    def to_domain(self) -> domain.RecurrenceDraft:
        """Return the draft; TaskDraft and TaskPatch of the domain check it."""
        return domain.RecurrenceDraft(**self._values())


class RecurrencePatch(_RecurrenceBody):
    """The parts of a recurrence to change. The result must have a rule."""

    rule: Rule = Field(default_factory=absent)
    counted_from: From = Field(default_factory=absent, alias="from")
    anchor: _Anchor = None

    def to_domain(self) -> domain.RecurrencePatch:
        """Return the patch; the domain checks the result when it is applied to a task."""
        return domain.RecurrencePatch(**self._values())


class Recurrence(BaseModel):
    """How a task recurs. `anchor` is the day from which the rule is counted."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_RECURRENCE]})

    rule: Rule
    counted_from: From = Field(alias="from")
    anchor: Day


def recurrence_response(recurrence: domain.Recurrence) -> dict[str, Any]:
    """Serialize a recurrence as a Recurrence."""
    return {"rule": str(recurrence.rule), "from": recurrence.counted_from, "anchor": recurrence.anchor}
