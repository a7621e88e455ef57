"""The query and the response of an import."""

from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Format = Literal["ndjson", "todoist", "vikunja", "takeout", "ical"]


class ImportParameters(BaseModel):
    """How to read the file."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    format: Format | None = Field(
        None,
        description="The format of the file. Without it, Content-Type identifies the format: `application/x-ndjson` "
        "is `ndjson`, `text/csv` is `todoist`, and `text/calendar` is `ical`.",
    )

    @cached_property
    def as_domain(self) -> None:
        """The domain has no formats of files."""


class ImportNote(BaseModel):
    """What is not imported of a row, or not as it is in the file."""

    row: int = Field(
        description="The line of `ndjson`, the row of `todoist`, otherwise the number of the item in the file."
    )
    msg: str


class ImportResponse(BaseModel):
    """The result of an import: how many tasks and projects were added, and how many were there already."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "created": 212,
                    "unchanged": 3,
                    "rows": [{"row": 7, "msg": "Date: there is no field for it, so it is in the description"}],
                    "rows_omitted": 0,
                }
            ]
        }
    )

    created: int
    unchanged: int
    rows: list[ImportNote] = Field(description="At most 100, in the order in which they were found.")
    rows_omitted: int = Field(description="How many more notes there are.")


def import_response(created: int, unchanged: int, notes: Any, note_count: int) -> dict[str, Any]:
    """Serialize the result of an import as an ImportResponse."""
    rows = [{"row": row, "msg": msg} for row, msg in notes]
    return {"created": created, "unchanged": unchanged, "rows": rows, "rows_omitted": note_count - len(rows)}
