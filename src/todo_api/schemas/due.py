"""When a task is due, in bodies."""

from collections.abc import Callable
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

import todo_domain as domain
from todo_api.schemas.formats import ClockTime, Day

EXAMPLE_DUE: Final[dict[str, Any]] = {"date": "2026-12-01", "time": "17:00", "timezone": "Europe/Berlin"}

# The value of an absent field. It is never used: `model_fields_set` has the fields that are present.
absent: Final[Callable[[], Any]] = type(None)

TimeZone = Annotated[str, Field(json_schema_extra={"format": "time-zone", "examples": ["Europe/Berlin"]})]


class Due(BaseModel):
    """A day, with an optional time of the day and, only with a time, an optional IANA time zone."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        json_schema_extra={
            "if": {"properties": {"timezone": {"type": "string"}}, "required": ["timezone"]},
            "then": {"properties": {"time": {"type": "string"}}, "required": ["time"]},
            "examples": [{"date": "2026-12-01"}, EXAMPLE_DUE],
        },
    )

    date: Day
    time: ClockTime | None = None
    timezone: TimeZone | None = None

    def to_domain(self) -> domain.Due:
        """Return the due, unchecked; TaskDraft and TaskPatch of the domain check it."""
        return domain.Due(self.date, self.time, self.timezone)


class DuePatch(BaseModel):
    """The parts of a due to change; null clears `time` and `timezone`. The result must be a valid Due."""

    model_config = ConfigDict(
        strict=True, extra="forbid", json_schema_extra={"examples": [{"time": "18:00"}, EXAMPLE_DUE]}
    )

    date: Day = Field(default_factory=absent)
    time: ClockTime | None = Field(default_factory=absent)
    timezone: TimeZone | None = Field(default_factory=absent)

    def to_domain(self) -> domain.DuePatch:
        """Return the patch; the domain checks it when it is applied to a task."""
        return domain.DuePatch(**{name: getattr(self, name) for name in self.model_fields_set})


def due_response(due: domain.Due) -> dict[str, Any]:
    """Serialize a due as a Due."""
    time = None if due.time is None else due.time.isoformat("minutes")
    return {"date": due.date, "time": time, "timezone": due.timezone}
