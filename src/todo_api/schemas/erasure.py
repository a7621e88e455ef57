"""The body of the request that erases everything of a user."""

from typing import Any, ClassVar, Final

from pydantic import BaseModel, ConfigDict, Field

EXAMPLE: Final[dict[str, Any]] = {"confirm": "alice"}


class Erasure(BaseModel):
    """The confirmation that everything is to be erased."""

    model_config = ConfigDict(
        strict=True, extra="forbid", hide_input_in_errors=True, json_schema_extra={"examples": [EXAMPLE]}
    )
    examples: ClassVar = EXAMPLE

    confirm: str = Field(description="The id of the user, as in the path.")

    @property
    def as_domain(self) -> str:
        """The confirmation."""
        return self.confirm
